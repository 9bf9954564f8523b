/**
 * fsspec's reference filesystem as writer and oracle: random kerchunk reference sets, JSON and Parquet
 * (`fsspec_oracle.py`), and of every key the reference and the bytes that fsspec has for it. Ours must be
 * the same in the manifest, and byte for byte through the gateway's `~v2` view, absence included.
 *
 * Needs the peers' root: `deno test -A test/peers/fsspec_oracle_peers.ts`. The seed is printed; `SEED=7`
 * repeats one set, `SETS=200` makes more of them.
 */

import assert from "node:assert/strict";
import { denoFiles } from "../../deploy/deno_files.ts";
import { createGateway } from "../../deploy/gateway.ts";
import { openManifest } from "../../manifests/mod.ts";
import { ByteCache } from "../../src/byte_cache.ts";
import { parseCatalog } from "../../src/catalog/catalog_file.ts";
import type { Manifest } from "../../src/manifest.ts";
import type { ChunkRef } from "../../src/chunk/ref.ts";
import { originsFor } from "../../src/origin/mod.ts";
import { seededBytes } from "../conformance/origin.ts";
import { copyFolder, peersFile, runInRoot, sharedFolder } from "./peer_root.ts";
import { serveFiles } from "./range_server.ts";

const SETS = Deno.env.has("SEED") ? 1 : Number(Deno.env.get("SETS") ?? 40);
const SEED = Number(Deno.env.get("SEED") ?? Math.floor(Math.random() * 1e6));
console.log(`fsspec: seeds ${SEED} to ${SEED + SETS - 1}`);

/** The files that references lead into; names as a URL has them. */
const FILES = { "a.bin": 30_000, "b%20c.bin": 5_000, "d%C3%A9.bin": 700 };

/** What fsspec says of a set. */
interface Expected {
  readonly arrays: Record<string, number[]>;
  readonly chunks: Record<string, number[]>;
  readonly separator: string;
  readonly keys: Record<string, { bytes: string; ref?: [string, number?, number?] }>;
}

interface WrittenSet {
  readonly number: number;
  /** The folder that has the index. */
  readonly url: URL;
  readonly name: string;
  readonly expected: Expected;
}

/** Every coordinate of an array's grid. */
function gridOf(shape: readonly number[], chunks: readonly number[]): number[][] {
  let coords: number[][] = [[]];
  for (const [i, length] of shape.entries()) {
    const count = Math.ceil(length / chunks[i]);
    coords = coords.flatMap((prefix) => Array.from({ length: count }, (_, n) => [...prefix, n]));
  }
  return coords;
}

function keyOf(path: string, coords: readonly number[], separator: string): string {
  return `${path}/${coords.length === 0 ? "0" : coords.join(separator)}`;
}

function isMetadata(key: string): boolean {
  return /(?:^|\/)\.z\w+$/.test(key);
}

async function compareManifest(
  manifest: Manifest,
  set: WrittenSet,
  read: ReadRef,
): Promise<number> {
  const { arrays, chunks, separator, keys } = set.expected;
  let compared = 0;
  for (const [path, shape] of Object.entries(arrays)) {
    const node = await manifest.node(path);
    assert.ok(node?.type === "array", path);
    assert.deepEqual(node.metadata.shape, shape);
    const stored = new Set<string>();
    for await (const table of manifest.refs(path)) {
      for (let row = 0; row < table.rows; row++) {
        const coords = table.coords.subarray(row * shape.length, (row + 1) * shape.length);
        stored.add(keyOf(path, [...coords], separator));
      }
    }
    for (const coords of gridOf(shape, chunks[path])) {
      const key = keyOf(path, coords, separator);
      const theirs = keys[key];
      const ours = await manifest.chunk(path, coords);
      assert.equal(ours !== undefined, theirs !== undefined, `${key} is there`);
      assert.equal(stored.has(key), theirs !== undefined, `${key} is among refs()`);
      if (!ours || !theirs) continue;
      assert.deepEqual(plain(ours), theirs.ref, key);
      assert.deepEqual(await read(ours), Uint8Array.fromBase64(theirs.bytes), key);
      compared++;
    }
    // ours has nothing that theirs has not
    for (const key of stored) assert.ok(keys[key], key);
  }
  for (const [key, { bytes }] of Object.entries(keys)) {
    const name = key.slice(key.lastIndexOf("/") + 1);
    if (!isMetadata(key) || name === ".zmetadata") continue;
    const source = (await manifest.node(key.slice(0, Math.max(0, key.lastIndexOf("/")))))?.source;
    assert.ok(source?.zarrFormat === 2, key);
    const ours = new TextDecoder().decode(name === ".zattrs" ? source.zattrs : source.document);
    const theirs = new TextDecoder().decode(Uint8Array.fromBase64(bytes));
    assert.deepEqual(JSON.parse(ours), JSON.parse(theirs), key);
    compared++;
  }
  return compared;
}

/** fsspec's spelling of a reference; undefined for an inline one. */
function plain(ref: ChunkRef): unknown {
  if (ref.kind === "inline" || ref.kind === "concat") return undefined;
  return ref.kind === "object" ? [ref.file.url.href] : [ref.file.url.href, ref.offset, ref.length];
}

type ReadRef = (ref: ChunkRef) => Promise<Uint8Array>;

type Get = (key: string) => Promise<Response>;

async function compareServed(get: Get, set: WrittenSet): Promise<number> {
  const { arrays, chunks, separator, keys } = set.expected;
  const asked = new Set(Object.keys(keys));
  for (const [path, shape] of Object.entries(arrays)) {
    for (const coords of gridOf(shape, chunks[path])) asked.add(keyOf(path, coords, separator));
  }
  for (const key of asked) {
    const theirs = keys[key];
    const response = await get(key);
    const ours = new Uint8Array(await response.arrayBuffer());
    assert.equal(response.status, theirs ? 200 : 404, key);
    if (!theirs) continue;
    const bytes = Uint8Array.fromBase64(theirs.bytes);
    // fsspec writes metadata that is an object anew; what it means is compared
    if (isMetadata(key)) {
      assert.deepEqual(
        JSON.parse(new TextDecoder().decode(ours)),
        JSON.parse(new TextDecoder().decode(bytes)),
        key,
      );
    } else {
      assert.deepEqual(ours, bytes, key);
    }
  }
  return asked.size;
}

Deno.test(`fsspec and we agree on every key of ${SETS} random reference sets a format`, async (t) => {
  const data = await Deno.makeTempDir();
  for (const [i, [name, length]] of Object.entries(FILES).entries()) {
    await Deno.writeFile(`${data}/${decodeURIComponent(name)}`, seededBytes(length, i + 1));
  }
  const server = serveFiles(data);
  const shared = await sharedFolder();
  try {
    await Deno.writeTextFile(`${shared.host}/data.json`, JSON.stringify(FILES));
    await Deno.copyFile(peersFile("fsspec_oracle.py"), `${shared.host}/fsspec_oracle.py`);
    const { success, errors } = await runInRoot([
      ...["python3", `${shared.inside}/fsspec_oracle.py`],
      ...[shared.inside, String(SEED), String(SETS), server.url],
    ]);
    assert.ok(success, errors);
    const folder = `${data}/sets`;
    await copyFolder(shared.host, folder);
    const sets = await written(folder);
    const origin = originsFor({
      concurrentPerOrigin: 16,
      requestTimeoutMs: 30_000,
      files: denoFiles,
      log: () => {},
    })([`file://${folder}/`, server.url]);
    const read: ReadRef = async (ref) => {
      if (ref.kind === "inline") return ref.bytes;
      assert.ok(ref.kind !== "concat", "kerchunk has no chunks in pieces");
      const range = ref.kind === "range" ? ref : undefined;
      return await (await origin.read(ref.file, range)).bytes();
    };
    const datasets = Object.fromEntries(
      sets.map(({ name, url }) => [name, { url: url.href, origins: [server.url] }]),
    );
    const gateway = createGateway(
      parseCatalog(JSON.stringify({ datasets }), () => undefined),
      new URL("file:///"),
      { files: denoFiles, log: () => {} },
    );
    for (const set of sets) {
      await t.step(`${set.name}, seed ${SEED + set.number}`, async () => {
        const options = { cache: new ByteCache(1 << 22), maxIndexBytes: 1 << 22 };
        const manifest = await openManifest(set.url, origin, options);
        const compared = await compareManifest(manifest, set, read);
        const get: Get = async (key) => {
          const path = key.split("/").map(encodeURIComponent).join("/");
          return await gateway.fetch(new Request(`http://gateway/${set.name}~v2/${path}`), {});
        };
        assert.ok(compared > 0 && await compareServed(get, set) >= compared);
      });
    }
  } finally {
    await server.close();
    await Deno.remove(data, { recursive: true });
    await Deno.remove(shared.host, { recursive: true });
  }
});

/** The sets that the script wrote, a JSON and a Parquet one for each number. */
async function written(folder: string): Promise<WrittenSet[]> {
  const sets: WrittenSet[] = [];
  for (let number = 0; number < SETS; number++) {
    for await (const { name } of Deno.readDir(`${folder}/${number}`)) {
      const format = /^refs\.(json|parq)/.exec(name)?.[1];
      if (!format) continue;
      const kind = format === "json" ? "json" : "parquet";
      const text = await Deno.readTextFile(`${folder}/${number}/${kind}.expected.json`);
      const path = `${folder}/${number}/${name}${kind === "parquet" ? "/" : ""}`;
      sets.push({
        number,
        name: `${kind}-${number}`,
        url: new URL(`file://${path}`),
        expected: JSON.parse(text),
      });
    }
  }
  assert.equal(sets.length, SETS * 2);
  return sets;
}
