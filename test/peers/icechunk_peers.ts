/**
 * The reference Icechunk library as writer and oracle: it writes random repositories in both
 * specification versions (`icechunk_writer.cjs`) and says what it reads from every version of them;
 * every key must be the same through `manifests/icechunk`, bytes and absence.
 *
 * Needs the peers' root: `deno test -A test/peers/icechunk_peers.ts`. The seed is printed; `SEED=7`
 * repeats one, `REPOS=50` makes more of them.
 */

import assert from "node:assert/strict";
import { createGateway, type Gateway } from "../../deploy/gateway.ts";
import { icechunk } from "../../manifests/icechunk/mod.ts";
import { ByteCache } from "../../src/byte_cache.ts";
import { parseCatalog } from "../../src/catalog/catalog_file.ts";
import { SluiceError } from "../../src/errors.ts";
import type { Manifest } from "../../src/manifest.ts";
import type { ChunkRef } from "../../src/chunk/ref.ts";
import { originsFor } from "../../src/origin/mod.ts";
import type { ArrayMetadata } from "../../src/zarr/metadata.ts";
import { seededBytes } from "../conformance/origin.ts";
import { serveFiles } from "./range_server.ts";

const HERE = new URL(".", import.meta.url).pathname;
const REPOS = Number(Deno.env.get("REPOS") ?? 20);
const FIRST_SEED = Number(Deno.env.get("SEED") ?? Math.floor(Math.random() * 1e6));
const SEEDS = Array.from({ length: Deno.env.has("SEED") ? 1 : REPOS }, (_, i) => FIRST_SEED + i);
console.log(`icechunk: seeds ${SEEDS[0]} to ${SEEDS.at(-1)}`);

/** Files that virtual references point into. */
const FILES = { "a.bin": 20_000, "nested dir/b c.bin": 5_000, "ünï%20.bin": 3_000 };
const LAST_MODIFIED = 1_900_000_000;

/** One line of the writer: what the library reads from a version. */
interface Dump {
  kind: "branch" | "tag" | "snapshot";
  name: string;
  snapshot: string;
  keys: Array<[path: string, coords: number[] | null, digest: string | null]>;
}
type Line =
  | Dump
  | { kind: "tag"; name: string; deleted: true }
  | { kind: "history"; name: string; ids: string[]; messages: string[] };

async function digest(bytes: Uint8Array): Promise<string> {
  const sha1 = new Uint8Array(await crypto.subtle.digest("SHA-1", bytes.slice()));
  return `${bytes.length}:${sha1.toHex()}`;
}

/** A random repository in `folder/repo`, and a line for each of its versions. */
async function write(folder: string, data: string, seed: number, spec: number): Promise<Line[]> {
  const etags = await Promise.all(
    Object.keys(FILES).map(async (name) => {
      const response = await fetch(data + escaped(name), { method: "HEAD" });
      const etag = response.headers.get("etag")!;
      // Real repositories have them with and without quotes.
      const stored = seed % 2 === 0 ? etag : etag.replaceAll('"', "");
      return [name, { etag: stored, lastModified: LAST_MODIFIED }] as const;
    }),
  );
  const options = {
    seed,
    spec,
    folder: `${folder}/repo`,
    data,
    files: FILES,
    checksums: Object.fromEntries(etags),
  };
  await Deno.copyFile(`${HERE}icechunk_writer.cjs`, `${folder}/icechunk_writer.cjs`);
  const { success, stdout, stderr } = await new Deno.Command(`${HERE}run`, {
    args: [
      "-b",
      `${folder}:${folder}`,
      "node",
      `${folder}/icechunk_writer.cjs`,
      JSON.stringify(options),
    ],
    stdout: "piped",
    stderr: "piped",
  }).output();
  assert.ok(success, `seed ${seed}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout).trim().split("\n").map((line) => JSON.parse(line));
}

/** Undoes what `run -b` mounted, so that no mount outlives the folder. */
async function release(folder: string): Promise<void> {
  const root = Deno.env.get("PEERS_ROOT") ?? "/opt/peers";
  await new Deno.Command("umount", { args: [`${root}${folder}`] }).output();
  await new Deno.Command("rmdir", { args: [`${root}${folder}`] }).output();
  await Deno.remove(folder, { recursive: true });
}

function escaped(name: string): string {
  return name.split("/").map(encodeURIComponent).join("/");
}

/** Reads what `ref` addresses, straight from the disk. */
function reader(folder: string, data: string, repo: string) {
  const files = new Map<string, Uint8Array>();
  return (ref: ChunkRef | undefined): Uint8Array | undefined => {
    if (ref === undefined) return undefined;
    if (ref.kind === "inline") return ref.bytes;
    assert.ok(ref.kind === "range");
    const { href } = ref.file.url;
    const path = href.startsWith(repo)
      ? `${folder}/repo/${href.slice(repo.length)}`
      : `${folder}/data/${decodeURIComponent(href.slice(data.length))}`;
    assert.ok(href.startsWith(repo) || href.startsWith(data), href);
    assert.equal(ref.file.immutable ?? false, href.startsWith(repo));
    let bytes = files.get(path);
    if (!bytes) files.set(path, bytes = Deno.readFileSync(path));
    const { validator } = ref.file;
    if (validator?.lastModified) assert.equal(validator.lastModified, LAST_MODIFIED);
    if (validator?.etag) assert.match(validator.etag, /^"[0-9]+-[0-9]+"$/);
    assert.ok(ref.offset + ref.length <= bytes.length);
    return bytes.subarray(ref.offset, ref.offset + ref.length);
  };
}

async function compare(
  manifest: Manifest,
  { keys }: Dump,
  read: (ref: ChunkRef | undefined) => Uint8Array | undefined,
): Promise<void> {
  const documents = new Map(
    keys.filter(([, coords]) => !coords).map(([path, , sum]) => [path, sum]),
  );
  const chunks = new Map<string, Set<string>>();
  for (const [path, coords, expected] of keys) {
    if (coords) {
      const bytes = read(await manifest.chunk(path, coords));
      assert.equal(bytes ? await digest(bytes) : null, expected, `${path} ${coords}`);
      const present = chunks.get(path) ?? new Set();
      chunks.set(path, present);
      if (expected !== null) present.add(`${coords} ${expected}`);
      continue;
    }
    const node = await manifest.node(path);
    const source = node?.source as { zarrJson: Uint8Array } | undefined;
    assert.equal(source ? await digest(source.zarrJson) : null, expected, `${path}/zarr.json`);
    const below = new Set<string>();
    for (const [other, sum] of documents) {
      const prefix = path === "" ? "" : `${path}/`;
      if (sum === null || other === path || !other.startsWith(prefix)) continue;
      if (!other.slice(prefix.length).includes("/")) below.add(other.slice(prefix.length));
    }
    assert.deepEqual(await manifest.children(path), expected === null ? [] : [...below].sort());
  }
  for (const [path, present] of chunks) {
    const found = new Set<string>();
    for await (const table of manifest.refs(path)) {
      const rank = table.coords.length / table.rows;
      for (let row = 0; row < table.rows; row++) {
        const coords = [...table.coords.subarray(row * rank, (row + 1) * rank)];
        const bytes = table.kinds[row] === 1 ? table.inline!(row) : read({
          kind: "range",
          file: {
            url: new URL(table.urls[table.urlIds[row]]),
            ...(table.urls[table.urlIds[row]].includes("/chunks/") ? { immutable: true } : {}),
            validator: table.validator?.(row),
          },
          offset: table.offsets[row],
          length: table.lengths[row],
        });
        found.add(`${coords} ${await digest(bytes!)}`);
      }
    }
    // Of the largest arrays the library was asked for a sample only.
    const { shape, chunk_grid } = (await manifest.node(path))?.metadata as ArrayMetadata ?? {};
    const edges = chunk_grid?.configuration?.chunk_shape as readonly number[] | undefined;
    const cells = shape?.reduce((product, n, i) => product * Math.ceil(n / edges![i]), 1) ?? 0;
    if (cells <= 200) assert.deepEqual([...found].sort(), [...present].sort(), path);
    else for (const chunk of present) assert.ok(found.has(chunk), `${path} ${chunk}`);
  }
}

/** Every key of a version over HTTP in the `~native` view; an absent one is 404. */
async function compareOverHttp(gateway: Gateway, { name, keys }: Dump): Promise<void> {
  for (const [path, coords, expected] of keys) {
    const key = [
      ...(path === "" ? [] : path.split("/")),
      ...(coords ? ["c", ...coords] : ["zarr.json"]),
    ];
    const url = `http://gateway/r@${encodeURIComponent(name)}~native/${
      key.map((segment) => encodeURIComponent(segment)).join("/")
    }`;
    const response = await gateway.fetch(new Request(url), {});
    const body = new Uint8Array(await response.arrayBuffer());
    assert.equal(response.status, expected === null ? 404 : 200, url);
    if (expected !== null) assert.equal(await digest(body), expected, url);
  }
}

for (const spec of [1, 2]) {
  for (const seed of SEEDS) {
    Deno.test(`every key of a random version ${spec} repository is what the library reads, seed ${seed}`, async () => {
      const folder = await Deno.makeTempDir({ prefix: "sluice-icechunk-" });
      try {
        for (const [i, [name, size]] of Object.entries(FILES).entries()) {
          await Deno.mkdir(`${folder}/data/${name}`.replace(/\/[^/]*$/, ""), { recursive: true });
          await Deno.writeFile(`${folder}/data/${name}`, seededBytes(size, seed + i));
        }
        const data = serveFiles(`${folder}/data/`);
        const store = serveFiles(`${folder}/`);
        try {
          const lines = await write(folder, data.url, seed, spec);
          const repo = `${store.url}repo/`;
          const read = reader(folder, data.url, repo);
          const origin = originsFor({ concurrentPerOrigin: 8, requestTimeoutMs: 30_000 })([repo]);
          // Some caches hold everything, some next to nothing.
          const cache = new ByteCache(seed % 3 === 0 ? 250_000 : 1 << 26);
          const gateway = createGateway(
            parseCatalog(
              JSON.stringify({ datasets: { r: { url: repo, origins: [data.url] } } }),
              () => undefined,
            ),
            new URL("file:///"),
            { log: () => {} },
          );
          const open = (version?: string) =>
            icechunk.open(new URL(repo), origin, { cache, maxIndexBytes: 1 << 26, version });
          for (const line of lines) {
            if ("deleted" in line) {
              await assert.rejects(
                open(line.name),
                (error) => error instanceof SluiceError && error.code === "not-found",
              );
            } else if (line.kind === "history") {
              const told = await (await open(line.name)).versions!();
              const history = told.filter(({ kind }) => kind === "snapshot");
              assert.deepEqual(history.map(({ name }) => name), line.ids);
              assert.deepEqual(history.map(({ message }) => message), line.messages);
            } else {
              const manifest = await open(line.name);
              assert.equal(manifest.version, line.snapshot);
              assert.equal(manifest.pinned, line.kind !== "branch");
              await compare(manifest, line, read);
              if (line.kind === "branch") await compareOverHttp(gateway, line);
            }
          }
        } finally {
          await data.close();
          await store.close();
        }
      } finally {
        await release(folder);
      }
    });
  }
}
