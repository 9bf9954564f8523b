/**
 * Writes Icechunk repositories with the reference library. Runs in the peers' root:
 *
 *   node icechunk_clients_write.cjs '{"folder","spec","files","elsewhere","contents","names"}'
 *
 * writes the commits of the file `contents` (`icechunk_clients_write.py`), whose virtual references lie
 * below the URL `files`; the tag `names.tag` is on the first, the branch `names.branch` starts there. Prints
 * {"snapshots": {message: id}}.
 *
 *   node icechunk_clients_write.cjs '{"folder","spec","ticks":[from,to],"branch"}'
 *
 * commits `ticks` to a repository, which is made if `from` is 0. Each commit changes everything: commit n
 * has the attribute {"tick": n} in every document, and n in every byte of every chunk.
 */
const ic = require("/opt/icechunk/node_modules/@earthmover/icechunk");
const fs = require("node:fs");

const options = JSON.parse(process.argv[2]);
const { folder, spec } = options;
const json = (value) => Buffer.from(JSON.stringify(value));

const container = (prefix) => ({
  urlPrefix: prefix,
  store: prefix.startsWith("file:")
    ? { type: "LocalFileSystem", field0: decodeURIComponent(new URL(prefix).pathname) }
    : { type: "Http", field0: { opts: { allow_http: "true" }, headers: {} } },
});

/** Where an archive lies, and what may be known of its state. */
function location({ files, elsewhere, validators }, ref, i) {
  const path = ref.file.split("/").map(encodeURIComponent).join("/");
  const base = ref.elsewhere ? elsewhere : files;
  const known = validators[ref.file];
  const checksum = ref.stale
    ? { lastModified: new Date(1_000_000_000_000) }
    : known?.etag && i % 3 === 0
    ? { etagChecksum: known.etag }
    : known && i % 3 === 1
    ? { lastModified: new Date(known.modified) }
    : {};
  return {
    index: ref.index,
    location: base + path,
    offset: ref.offset,
    length: ref.length,
    ...checksum,
  };
}

async function contents() {
  const { files, elsewhere, names } = options;
  const storage = await ic.Storage.newLocalFilesystem(folder);
  const config = {
    inlineChunkThresholdBytes: 64,
    virtualChunkContainers: {
      [files]: container(files),
      [elsewhere]: container(elsewhere),
    },
  };
  const repo = await ic.Repository.create(storage, config, spec);
  await repo.saveConfig();
  const snapshots = {};
  for (
    const { branch, message, documents, virtual, stored } of JSON.parse(
      fs.readFileSync(options.contents),
    )
  ) {
    const name = branch === "main" ? "main" : names.branch;
    if (name !== "main") await repo.createBranch(name, snapshots.first);
    const session = await repo.writableSession(name);
    const { store } = session;
    for (const [path, text] of Object.entries(documents)) {
      await store.set(path === "" ? "zarr.json" : `${path}/zarr.json`, Buffer.from(text));
    }
    for (const [path, refs] of Object.entries(virtual)) {
      const located = refs.map((ref, i) => location(options, ref, i));
      const refused = await store.setVirtualRefs(`/${path}`, located, true);
      if (refused) throw new Error(`refused ${path}: ${JSON.stringify(refused)}`);
    }
    for (const [key, base64] of Object.entries(stored)) {
      await store.set(key, Buffer.from(base64, "base64"));
    }
    snapshots[message] = await session.commit(message);
    if (message === "first") await repo.createTag(names.tag, snapshots.first);
  }
  console.log(JSON.stringify({ snapshots }));
}

const ARRAYS = ["a", "b", "c/d", "e"];

async function ticks() {
  const [from, to] = options.ticks;
  const { branch } = options;
  const storage = await ic.Storage.newLocalFilesystem(folder);
  let repo;
  if (from === 0) {
    repo = await ic.Repository.create(storage, { inlineChunkThresholdBytes: 20 }, spec);
    const tip = await repo.lookupBranch("main");
    if (branch !== "main") await repo.createBranch(branch, tip);
  } else {
    repo = await ic.Repository.open(storage);
  }
  for (let n = from; n < to; n++) {
    const session = await repo.writableSession(branch);
    const { store } = session;
    const attributes = { tick: n };
    for (const group of ["", "c"]) {
      const key = group === "" ? "zarr.json" : `${group}/zarr.json`;
      await store.set(key, json({ zarr_format: 3, node_type: "group", attributes }));
    }
    for (const [i, path] of ARRAYS.entries()) {
      // Inline chunks and native ones.
      const length = i % 2 === 0 ? 16 : 640;
      await store.set(
        `${path}/zarr.json`,
        json({
          zarr_format: 3,
          node_type: "array",
          shape: [2 * length],
          data_type: "uint8",
          chunk_grid: { name: "regular", configuration: { chunk_shape: [length] } },
          chunk_key_encoding: { name: "default", configuration: { separator: "/" } },
          fill_value: 255,
          codecs: [{ name: "bytes" }],
          attributes,
        }),
      );
      for (const k of [0, 1]) await store.set(`${path}/c/${k}`, Buffer.alloc(length, n));
    }
    await session.commit(`tick ${n}`);
  }
}

(options.ticks ? ticks() : contents()).catch((error) => {
  console.error(error);
  process.exit(1);
});
