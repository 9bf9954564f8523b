/**
 * Writes a random Icechunk repository with the reference library, and what the library itself reads
 * from every version of it. Runs in the peers' root:
 *
 *   node icechunk_writer.cjs '{"seed":1,"spec":2,"folder":"/x/repo","data":"http://127.0.0.1:1/","files":{"a.bin":1000}}'
 *
 * Standard output is one JSON document a line, a version each:
 *   {"kind","name","snapshot","moved","keys":[[path,coords|null,digest|null],…]}
 * `coords` is null for `zarr.json`; the digest is `<bytes>:<sha1>`, null for an absent key.
 */
const ic = require("/opt/icechunk/node_modules/@earthmover/icechunk");
const { createHash } = require("node:crypto");

const { seed, spec, folder, data, files, checksums } = JSON.parse(process.argv[2]);

let state = seed >>> 0;
/** An integer below `limit`. */
function random(limit) {
  state = (state + 0x6d2b79f5) >>> 0;
  let t = Math.imul(state ^ (state >>> 15), state | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) % limit;
}
const pick = (list) => list[random(list.length)];
const chance = (percent) => random(100) < percent;
const digest = (bytes) => `${bytes.length}:${createHash("sha1").update(bytes).digest("hex")}`;

function randomBytes(length) {
  const bytes = Buffer.alloc(length);
  for (let i = 0; i < length; i++) bytes[i] = random(256);
  return bytes;
}

const GROUPS = ["", "a", "a/deep", "a-b", "a b", "ünï", "z"];
const NAMES = ["t", "t2", "t-1", "temp erature", "ö", "x.y", "c"];

/** Every array path ever used: its keys are asked of every version. */
const everArrays = new Map();

function arrayDocument({ shape, chunks }) {
  return Buffer.from(JSON.stringify(
    {
      zarr_format: 3,
      node_type: "array",
      shape,
      data_type: pick(["uint8", "int16", "float32"]),
      chunk_grid: { name: "regular", configuration: { chunk_shape: chunks } },
      chunk_key_encoding: { name: "default", configuration: { separator: "/" } },
      fill_value: 0,
      codecs: [{ name: "bytes", configuration: { endian: "little" } }],
      attributes: { note: random(1000), seed },
      ...(chance(50) ? { dimension_names: shape.map((_, i) => chance(80) ? `d${i}` : null) } : {}),
    },
    null,
    chance(50) ? 2 : 0,
  ));
}

const gridOf = ({ shape, chunks }) => shape.map((n, i) => Math.ceil(n / chunks[i]));
const chunkKey = (path, coords) => [path, "c", ...coords].join("/");

function* allCoords(grid, at = []) {
  if (at.length === grid.length) yield at;
  else for (let i = 0; i < grid[at.length]; i++) yield* allCoords(grid, [...at, i]);
}

/** A piece of one of the files: where, and how long. */
function randomPiece() {
  const [name, size] = pick(Object.entries(files));
  const length = 1 + random(Math.min(size, 700));
  const offset = random(size - length + 1);
  return { name, offset, length };
}

/** What a session's hierarchy is taken to hold, so that the next change fits it. */
class Tree {
  constructor(groups, arrays) {
    this.groups = new Set(groups);
    this.arrays = new Map(arrays);
  }
  copy() {
    return new Tree(this.groups, this.arrays);
  }
  below(path) {
    return (other) => other === path || other.startsWith(`${path}/`);
  }
  remove(path) {
    const inside = this.below(path);
    for (const group of [...this.groups]) if (inside(group)) this.groups.delete(group);
    for (const name of [...this.arrays.keys()]) if (inside(name)) this.arrays.delete(name);
  }
  move(from, to) {
    const inside = this.below(from);
    const moved = (path) => to + path.slice(from.length);
    for (const group of [...this.groups]) {
      if (inside(group)) this.groups.delete(group), this.groups.add(moved(group));
    }
    for (const [name, array] of [...this.arrays]) {
      if (!inside(name)) continue;
      this.arrays.delete(name);
      this.arrays.set(moved(name), array);
      everArrays.set(moved(name), array);
    }
  }
  has(path) {
    return this.groups.has(path) || this.arrays.has(path);
  }
}

const prefix = data;
const groupDocument = () =>
  Buffer.from(JSON.stringify({ zarr_format: 3, node_type: "group", attributes: { n: random(9) } }));

async function addGroup(store, tree, path) {
  await store.set(path === "" ? "zarr.json" : `${path}/zarr.json`, groupDocument());
  tree.groups.add(path);
}

function randomArray() {
  const rank = pick([0, 1, 1, 2, 2, 3, 4]);
  const chunks = Array.from({ length: rank }, () => 1 + random(5));
  const shape = chunks.map((edge) => chance(4) ? 0 : 1 + random(edge * [0, 40, 8, 5, 3][rank]));
  return { shape, chunks };
}

async function addArray(store, tree, array = randomArray()) {
  const group = pick([...tree.groups]);
  const path = (group === "" ? "" : `${group}/`) + pick(NAMES);
  if (tree.has(path)) return;
  await store.set(`${path}/zarr.json`, arrayDocument(array));
  tree.arrays.set(path, array);
  everArrays.set(path, array);
  await fill(store, path, array, 20 + random(80));
}

async function setVirtual(store, path, cells) {
  const refs = cells.map((index) => {
    const { name, offset, length } = randomPiece();
    const relative = name.split("/").map(encodeURIComponent).join("/");
    const location = prefix + relative;
    const checksum = chance(20)
      ? { etagChecksum: checksums[name].etag }
      : chance(20)
      ? { lastModified: new Date(checksums[name].lastModified * 1000) }
      : {};
    return { index, location, offset, length, ...checksum };
  });
  const failed = await store.setVirtualRefs(`/${path}`, refs, true);
  if (failed) throw new Error(`refused ${JSON.stringify(failed)}`);
}

/** Writes some percent of an array's chunks: inline, native and virtual ones. */
async function fill(store, path, array, percent) {
  const cells = [...allCoords(gridOf(array))].filter(() => chance(percent));
  const virtual = [];
  for (const coords of cells) {
    const way = random(cells.length > 300 ? 20 : 4);
    if (way === 0) await store.set(chunkKey(path, coords), randomBytes(1 + random(30)));
    else if (way === 1) await store.set(chunkKey(path, coords), randomBytes(40 + random(600)));
    else virtual.push(coords);
  }
  if (virtual.length) await setVirtual(store, path, virtual);
}

async function change(session, tree) {
  const { store } = session;
  const arrays = [...tree.arrays];
  const groups = [...tree.groups].filter((path) => path !== "");
  const kind = random(100);
  if (kind < 12 || arrays.length === 0) return await addArray(store, tree);
  if (kind < 20) {
    const path = pick(GROUPS);
    const parent = path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "";
    if (!tree.has(path) && tree.groups.has(parent)) await addGroup(store, tree, path);
    return;
  }
  const [path, array] = pick(arrays);
  if (kind < 45) return await fill(store, path, array, 10 + random(40));
  if (kind < 60) {
    for (const coords of allCoords(gridOf(array))) {
      if (chance(20)) await store.delete(chunkKey(path, coords));
    }
    return;
  }
  if (kind < 75) {
    const shape = array.shape.map((n, i) => chance(50) ? n : random(2 * n + array.chunks[i]));
    const resized = { ...array, shape };
    await store.set(`${path}/zarr.json`, arrayDocument(resized));
    tree.arrays.set(path, resized);
    const before = everArrays.get(path);
    const larger = before.shape.length === shape.length
      ? shape.map((n, i) => Math.max(n, before.shape[i]))
      : shape;
    if (`${before.chunks}` === `${array.chunks}`) {
      everArrays.set(path, { ...resized, shape: larger });
    } else everArrays.set(path, resized);
    return;
  }
  if (kind < 82) {
    const target = chance(70) || groups.length === 0 ? path : pick(groups);
    await store.deleteDir(target);
    return tree.remove(target);
  }
  // Enough virtual references for a location dictionary.
  if (kind >= 96) {
    await addArray(store, tree, { shape: [1300 + random(200)], chunks: [1] });
  }
}

/** Moves some nodes, which the library does in a session of its own. */
async function rearrange(repo, branch, tree) {
  const session = await repo.rearrangeSession(branch);
  for (let i = 0; i < 2; i++) {
    const from = pick([...tree.arrays.keys(), ...[...tree.groups].filter((path) => path !== "")]);
    const parent = pick([...tree.groups].filter((group) => !tree.below(from)(group)));
    const to = (parent === "" ? "" : `${parent}/`) + `moved${random(4)}`;
    if (tree.has(to)) continue;
    await session.moveNode(`/${from}`, `/${to}`);
    tree.move(from, to);
  }
  return session;
}

async function dump(repo, kind, name) {
  const session = await repo.readonlySession({ [{ snapshot: "snapshotId" }[kind] ?? kind]: name });
  const { store } = session;
  const keys = [];
  const get = async (key) => {
    const bytes = await store.get(key);
    return bytes === null || bytes === undefined ? null : digest(bytes);
  };
  const paths = new Set([...GROUPS, ...everArrays.keys()]);
  for (const key of await store.list()) {
    if (key.endsWith("zarr.json")) paths.add(key.slice(0, -"/zarr.json".length));
  }
  for (const path of paths) {
    const document = await store.get(path === "" ? "zarr.json" : `${path}/zarr.json`);
    keys.push([path, null, document ? digest(document) : null]);
    const metadata = document ? JSON.parse(Buffer.from(document).toString()) : undefined;
    if (metadata?.node_type === "array") {
      const array = {
        shape: metadata.shape,
        chunks: metadata.chunk_grid.configuration.chunk_shape,
      };
      const cells = [...allCoords(gridOf(array))];
      for (const coords of cells) {
        if (cells.length > 200 && !chance(kind === "snapshot" ? 10 : 40)) continue;
        keys.push([path, coords, await get(chunkKey(path, coords))]);
      }
      // Beyond the grid: what was there before a resize must be gone.
      const ever = everArrays.get(path);
      if (ever && ever.shape.length === array.shape.length) {
        const grid = gridOf(array);
        for (const coords of allCoords(gridOf(ever))) {
          if (coords.every((at, i) => at < grid[i])) continue;
          if (chance(30)) keys.push([path, coords, null]);
        }
      }
    } else if (everArrays.has(path)) {
      const array = everArrays.get(path);
      for (const coords of allCoords(gridOf(array).map((n) => Math.min(n, 2)))) {
        keys.push([path, coords, null]);
      }
    }
  }
  console.log(JSON.stringify({ kind, name, snapshot: session.snapshotId, keys }));
}

async function main() {
  const storage = await ic.Storage.newLocalFilesystem(folder);
  const config = {
    inlineChunkThresholdBytes: pick([0, 20, 512]),
    virtualChunkContainers: {
      [prefix]: {
        urlPrefix: prefix,
        store: { type: "Http", field0: { opts: { allow_http: "true" }, headers: {} } },
      },
    },
    ...(chance(40)
      ? {
        manifest: {
          splitting: {
            split_sizes: [
              [{ path_matches: { regex: ".*" } }, [{
                condition: "Any",
                num_chunks: pick([2, 5, 40, 300]),
              }]],
            ],
          },
        },
      }
      : {}),
  };
  const repo = await ic.Repository.create(storage, config, spec, {
    [prefix]: { type: "HttpAccess" },
  });
  await repo.saveConfig();
  const trees = new Map();
  const first = await repo.writableSession("main");
  const tree = new Tree([], []);
  await addGroup(first.store, tree, "");
  for (const path of GROUPS.slice(1, 5)) await addGroup(first.store, tree, path);
  await addArray(first.store, tree);
  await addArray(first.store, tree);
  if (chance(60)) {
    await addArray(first.store, tree, { shape: [1300], chunks: [1] });
  }
  trees.set(await first.commit("first"), tree);

  const branches = ["main"];
  const tags = [];
  const commits = 4 + random(12);
  for (let i = 0; i < commits; i++) {
    const branch = pick(branches);
    const tip = await repo.lookupBranch(branch);
    const kind = random(100);
    if (kind < 12) {
      const name = pick([
        "dev",
        "my branch",
        ...(spec === 2 ? ["it's ünï", "feature/x"] : ["feature-x"]),
      ]);
      if (!branches.includes(name)) {
        await repo.createBranch(name, pick([...trees.keys()]));
        branches.push(name);
      }
    } else if (kind < 27) {
      const name = `${pick(["v", "tag ", spec === 2 ? "r/" : "r-", "dev"])}${random(30)}`;
      if (!tags.includes(name)) {
        await repo.createTag(name, pick([...trees.keys()]));
        tags.push(name);
        if (chance(30)) await repo.deleteTag(name);
      }
    } else if (kind < 31 && branch !== "main") {
      await repo.resetBranch(branch, pick([...trees.keys()]));
    } else if (kind < 34 && branch !== "main") {
      await repo.deleteBranch(branch);
      branches.splice(branches.indexOf(branch), 1);
    } else {
      const next = trees.get(tip).copy();
      let session;
      if (spec === 2 && kind < 50 && next.arrays.size > 0) {
        session = await rearrange(repo, branch, next);
      } else {
        session = await repo.writableSession(branch);
        for (let k = random(4); k >= 0; k--) await change(session, next);
      }
      if (!session.hasUncommittedChanges) continue;
      trees.set(await session.commit(`commit ${i} ünï`), next);
    }
  }
  for (const name of await repo.listBranches()) await dump(repo, "branch", name);
  const kept = await repo.listTags();
  for (const name of kept) await dump(repo, "tag", name);
  for (const name of tags) {
    if (!kept.includes(name)) console.log(JSON.stringify({ kind: "tag", name, deleted: true }));
  }
  const seen = new Set();
  for (const branch of await repo.listBranches()) {
    const history = await repo.ancestry({ branch });
    console.log(JSON.stringify({
      kind: "history",
      name: branch,
      ids: history.map(({ id }) => id),
      messages: history.map(({ message }) => message),
    }));
    for (const { id } of history) {
      if (seen.has(id)) continue;
      seen.add(id);
      await dump(repo, "snapshot", id);
    }
  }
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
