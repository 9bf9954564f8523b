/** Files that are damaged, cut short, of another kind, or made to hurt. */

import assert from "node:assert/strict";
import zlib from "node:zlib";
import { ByteCache } from "../../../src/byte_cache.ts";
import { SluiceError } from "../../../src/errors.ts";
import type { Manifest } from "../../../src/manifest.ts";
import { randomNumbers, ROUNDS, SEED } from "../../mutations.ts";
import { filesOf, fixture, fixtureFiles, MemoryOrigin, open } from "./fixture.ts";

type Files = Map<string, Uint8Array<ArrayBuffer>>;

const ARRAYS = [
  "grid",
  "g/sub/many",
  "scalar",
  "empty",
  "group1/big_chunks",
  "group1/small_chunks",
];

/** Asks a manifest for everything it has. */
async function readAll(manifest: Manifest): Promise<void> {
  const ask = [
    () => manifest.versions!(),
    () => manifest.report!(),
    () => manifest.children(""),
    () => manifest.node(""),
    ...ARRAYS.flatMap((path) => [
      () => manifest.node(path),
      ...[[], [0], [999], [0, 0], [1, 1], [1, 2]].map((coords) => () =>
        manifest.chunk(path, coords)
      ),
      async () => {
        for await (const table of manifest.refs(path)) {
          for (let row = 0; row < table.rows; row++) {
            table.validator?.(row);
            if (table.kinds[row] === 1) table.inline!(row);
          }
        }
      },
    ]),
  ];
  for (const one of ask) await refusedOr(one);
}

/** The code that `run` is refused with; undefined if it is not. Anything but a SluiceError fails. */
async function refusedOr(run: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await run();
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    assert.ok(
      [
        "index-invalid",
        "index-too-large",
        "not-found",
        "reference-unreachable",
        "origin-unavailable",
      ]
        .includes(error.code),
      `${error.code}: ${error}`,
    );
    return error.code;
  }
}

/** A metadata file as it is inside: uncompressed, so that damage reaches the FlatBuffer. */
function unpacked(file: Uint8Array): Uint8Array<ArrayBuffer> {
  if (file[38] !== 1 || file.length < 39) return file.slice();
  return new Uint8Array([
    ...file.subarray(0, 38),
    0,
    ...zlib.zstdDecompressSync(file.subarray(39)),
  ]);
}

const INTERESTING = [0, 1, 0x7f, 0x80, 0xff];

async function fuzz(files: Files, rounds: number, seed: number): Promise<Map<string, number>> {
  const random = randomNumbers(seed);
  const names = [...files.keys()].filter((name) => /^(repo|refs|snapshots|manifests)/.test(name));
  const plain = new Map(names.map((name) => [name, unpacked(files.get(name)!)]));
  const outcomes = new Map<string, number>();
  for (let round = 0; round < rounds; round++) {
    const name = names[random(names.length)];
    const bytes = (random(4) === 0 ? files : plain).get(name)!.slice();
    for (let k = random(4); k >= 0 && bytes.length > 0; k--) {
      const at = random(bytes.length);
      if (random(3) === 0) bytes[at] ^= 1 << random(8);
      else if (random(2)) bytes[at] = INTERESTING[random(INTERESTING.length)];
      else bytes.fill(INTERESTING[random(INTERESTING.length)], at, at + 1 + random(8));
    }
    const damaged = random(12) === 0 ? bytes.slice(0, random(bytes.length)) : bytes;
    const origin = new MemoryOrigin(new Map([...files, [name, damaged]]));
    const code = await refusedOr(async () => {
      await readAll(await open(origin, { cache: new ByteCache(1 << 24), maxIndexBytes: 1 << 22 }));
    });
    outcomes.set(code ?? "read", (outcomes.get(code ?? "read") ?? 0) + 1);
  }
  return outcomes;
}

for (const spec of [1, 2] as const) {
  Deno.test(`version ${spec}: ${ROUNDS} damaged files are refused, or read as something, seed ${SEED}`, async () => {
    const outcomes = await fuzz(fixtureFiles(spec), ROUNDS, SEED + spec);
    assert.ok(outcomes.get("index-invalid")! > ROUNDS / 30, `${[...outcomes]}`);
    assert.ok(outcomes.get("read")! > ROUNDS / 10, `${[...outcomes]}`);
  });

  const corpus = new URL(`../../../../shared/corpus/icechunk/test-repo-v${spec}/`, import.meta.url);
  Deno.test({
    name: `version ${spec}: the same with the corpus's repository`,
    ignore: !exists(corpus),
    fn: async () => {
      const outcomes = await fuzz(filesOf(corpus), ROUNDS, SEED + 10 + spec);
      assert.ok(outcomes.get("index-invalid")! > ROUNDS / 50, `${[...outcomes]}`);
    },
  });
}

function exists(folder: URL): boolean {
  try {
    return Deno.statSync(folder).isDirectory;
  } catch {
    return false;
  }
}

/** The code that reading a chunk of `many` is refused with once one of the files is another. */
async function codeWith(spec: 1 | 2, kind: string, change: (file: Uint8Array) => Uint8Array) {
  const files = fixtureFiles(spec);
  const { main } = fixture(spec);
  for (const [name, bytes] of files) {
    if (name.startsWith(kind) && (kind !== "snapshots/" || name.endsWith(main))) {
      files.set(name, new Uint8Array(change(bytes)));
    }
  }
  return await refusedOr(async () => {
    const manifest = await open(new MemoryOrigin(files), { maxIndexBytes: 1 << 20 });
    await manifest.chunk("g/sub/many", [3]);
    await manifest.chunk("grid", [0, 1]);
  });
}

const set = (at: number, value: number) => (file: Uint8Array) => file.with(at, value);
const withBody = (file: Uint8Array, compression: number, body: Uint8Array) =>
  new Uint8Array([...file.subarray(0, 38), compression, ...body]);

const HEADERS: Array<[string, (file: Uint8Array) => Uint8Array]> = [
  ["empty", () => new Uint8Array(0)],
  ["shorter than its header", (file) => file.subarray(0, 38)],
  ["of a header alone", (file) => file.subarray(0, 39)],
  ["of another magic number", set(0, 0x4a)],
  ["of specification version 0", set(36, 0)],
  ["of specification version 3", set(36, 3)],
  ["of another type", set(37, 4)],
  ["of an unknown compression", set(38, 2)],
  ["that is not compressed as it says", (file) => withBody(file, 1, unpacked(file).subarray(39))],
  ["that is compressed and says it is not", set(38, 0)],
  ["cut short by a byte", (file) => file.subarray(0, file.length - 1)],
  ["cut in half", (file) => file.subarray(0, file.length >> 1)],
  ["without the FlatBuffer's identifier", (file) => {
    const body = unpacked(file).subarray(39);
    return withBody(file, 0, body.with(4, 0x78));
  }],
  ["whose root is beyond its end", (file) => {
    const body = unpacked(file).subarray(39);
    return withBody(file, 0, body.with(3, 0x7f));
  }],
  ["of nothing but zeros", (file) => withBody(file, 0, new Uint8Array(1000))],
];

for (const kind of ["repo", "snapshots/", "manifests/"]) {
  for (const [what, change] of HEADERS) {
    Deno.test(`a file of ${kind} ${what} is an invalid index`, async () => {
      assert.equal(await codeWith(2, kind, change), "index-invalid");
    });
  }

  Deno.test(`a file of ${kind} that is not compressed is as good`, async () => {
    // A manifest's length is known, so that another file in its place is noticed.
    const code = kind === "manifests/" ? "index-invalid" : undefined;
    assert.equal(await codeWith(2, kind, unpacked), code);
  });

  Deno.test(`a file of ${kind} that expands without end is stopped`, async () => {
    const bomb = zlib.zstdCompressSync(new Uint8Array(64 << 20));
    assert.ok(bomb.length < 10_000);
    const kept = kind === "manifests/" ? fixtureFiles(2) : undefined;
    const code = await codeWith(2, kind, (file) => withBody(file, 1, bomb));
    assert.equal(code, kept ? "index-invalid" : "index-too-large");
  });
}

Deno.test("a bomb is an invalid index where there would be room for it", async () => {
  const files = fixtureFiles(2);
  const bomb = zlib.zstdCompressSync(new Uint8Array(64 << 20));
  files.set("repo", withBody(files.get("repo")!, 1, bomb) as Uint8Array<ArrayBuffer>);
  const code = await refusedOr(() => open(new MemoryOrigin(files), { maxIndexBytes: 1 << 28 }));
  assert.equal(code, "index-invalid");
});

Deno.test("an index file over the limit names the limit", async () => {
  await assert.rejects(
    open(new MemoryOrigin(fixtureFiles(2)), { maxIndexBytes: 100 }),
    (error: SluiceError) =>
      error.code === "index-too-large" && /indexCacheBytes/.test(error.message),
  );
});

Deno.test("another snapshot or manifest under a file's name is an invalid index", async () => {
  for (const spec of [1, 2] as const) {
    const { main, "v1.0": first } = fixture(spec);
    const files = fixtureFiles(spec);
    files.set(`snapshots/${main}`, files.get(`snapshots/${first}`)!);
    assert.equal(await refusedOr(() => open(new MemoryOrigin(files))), "index-invalid");
  }
});
