/**
 * The reference Icechunk library under measurement. Runs in the peers' root.
 *
 *   node icechunk_library.cjs make FOLDER PREFIX ROWS distinct|shared
 *   node icechunk_library.cjs read FOLDER PREFIX ROWS
 *
 * `make` writes ROWS virtual references of one array; `read` opens the repository, reads the first
 * chunk, and looks 10,000 random ones up: a JSON document a line, as `icechunk_references.ts` prints.
 *
 * The library has no call that only resolves a reference: `store.get` also fetches the bytes.
 * `store.exists` comes nearest. It finds the node, the manifest and the reference, decodes its
 * location, and fetches nothing. It is asked once at a time and 64 at a time; the faster one counts.
 */
const ic = require("/opt/icechunk/node_modules/@earthmover/icechunk");

const [mode, folder, prefix, rowsText, kind] = process.argv.slice(2);
const rows = Number(rowsText);
const SIDE = 100;
const LOOKUPS = 10_000;
const access = { [prefix]: { type: "HttpAccess" } };
const config = {
  virtualChunkContainers: {
    [prefix]: {
      urlPrefix: prefix,
      store: { type: "Http", field0: { opts: { allow_http: "true" }, headers: {} } },
    },
  },
};

async function make() {
  const storage = await ic.Storage.newLocalFilesystem(folder);
  const repo = await ic.Repository.create(storage, config, 2, access);
  await repo.saveConfig();
  const session = await repo.writableSession("main");
  const set = (key, value) => session.store.set(key, Buffer.from(JSON.stringify(value)));
  await set("zarr.json", { zarr_format: 3, node_type: "group", attributes: {} });
  await set("sst/zarr.json", {
    zarr_format: 3,
    node_type: "array",
    shape: [rows / SIDE / SIDE, SIDE, SIDE],
    data_type: "int16",
    chunk_grid: { name: "regular", configuration: { chunk_shape: [1, 1, 1] } },
    chunk_key_encoding: { name: "default", configuration: { separator: "/" } },
    fill_value: 0,
    codecs: [{ name: "bytes", configuration: { endian: "little" } }],
    attributes: {},
  });
  const day = SIDE * SIDE;
  for (let t = 0; t * day < rows; t++) {
    const refs = Array.from({ length: day }, (_, i) => {
      const n = t * day + i;
      // Marsaglia's numbers stand for what compression makes of real chunks.
      const noise = Math.imul(n ^ (n >>> 7), 2654435761) >>> 0;
      const file = kind === "shared"
        ? `${1982 + Math.floor(t / 12)}/sst.day.${t}.nc`
        : `v2.1/access/${200_000 + t}/oisst-avhrr-v02r01.${n}-${noise.toString(16)}.nc`;
      const offset = kind === "shared" ? i * 4096 + noise % 1000 : 8_192;
      return {
        index: [t, Math.floor(i / SIDE), i % SIDE],
        location: prefix + file,
        offset,
        length: 1000 + noise % 3000,
      };
    });
    await session.store.setVirtualRefs("/sst", refs, true);
  }
  await session.commit("references");
}

function report(what, seconds) {
  const resident = process.memoryUsage().rss;
  console.log(JSON.stringify({ what, seconds, resident }));
}

function* randomKeys() {
  let state = 20020601;
  for (;;) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    const n = (state >>> 0) % rows;
    const day = SIDE * SIDE;
    yield `sst/c/${Math.floor(n / day)}/${Math.floor(n / SIDE) % SIDE}/${n % SIDE}`;
  }
}

async function read() {
  report("idle", 0);
  const start = performance.now();
  const storage = await ic.Storage.newLocalFilesystem(folder);
  const repo = await ic.Repository.open(storage, config, access);
  const { store } = await repo.readonlySession({ branch: "main" });
  const bytes = await store.get("sst/c/0/0/0");
  if (!bytes?.length) throw new Error("The first chunk is empty");
  report("first", (performance.now() - start) / 1000);
  const keys = randomKeys();
  let fastest = Infinity;
  for (const atOnce of [1, 64]) {
    const begun = performance.now();
    let left = LOOKUPS;
    const ask = async () => {
      while (left-- > 0) {
        const key = keys.next().value;
        if (!await store.exists(key)) throw new Error(`There is no ${key}`);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, ask));
    fastest = Math.min(fastest, (performance.now() - begun) / 1000);
  }
  report("lookups", fastest);
}

({ make, read })[mode]().then(() => process.exit(0), (error) => {
  console.error(error);
  process.exit(1);
});
