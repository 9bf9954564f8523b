/** What every Manifest must do, whatever index is behind it: one suite, run on each format. */

import assert from "node:assert/strict";
import { OriginError } from "../../src/errors.ts";
import { type ChunkTable, type Manifest, ROW_KIND } from "../../src/manifest.ts";
import { type ChunkRef } from "../../src/chunk/ref.ts";

/** A chunk as the suite writes it down; bytes and URLs as plain values. */
export type ExpectedRef =
  | { kind: "inline"; bytes: number[] }
  | { kind: "range"; url: string; offset: number; length: number }
  | { kind: "object"; url: string };

/** An array that every index under test holds. */
export interface ExpectedArray {
  readonly path: string;
  readonly shape: readonly number[];
  readonly chunks: readonly number[];
  /** Chunk coordinates joined by dots (empty for a scalar) → reference; others are absent. */
  readonly refs: Readonly<Record<string, ExpectedRef>>;
}

const ARCHIVE = "s3://archive/2024/";

/**
 * The hierarchy under test: groups `deep` and `deep/er`, a grid with each kind of reference and an absent
 * chunk, offsets beyond 2³², a scalar, a dimension of length 0, an array without any chunk.
 */
export const CONFORMANCE_ARRAYS: readonly ExpectedArray[] = [
  {
    path: "temp",
    shape: [5, 6],
    chunks: [2, 3],
    refs: {
      "0.0": { kind: "range", url: `${ARCHIVE}a.nc`, offset: 4096, length: 100 },
      "0.1": { kind: "range", url: `${ARCHIVE}a.nc`, offset: 4196, length: 77 },
      "1.0": { kind: "object", url: `${ARCHIVE}whole%20file%23.bin` },
      "2.0": { kind: "inline", bytes: [0, 255, 128, 10] },
      "2.1": { kind: "range", url: `${ARCHIVE}b.nc`, offset: 0, length: 1 },
    },
  },
  {
    path: "deep/er/line",
    shape: [10],
    chunks: [4],
    refs: {
      "0": { kind: "range", url: `${ARCHIVE}b.nc`, offset: 2 ** 32 - 1, length: 2 ** 31 },
      "1": { kind: "range", url: `${ARCHIVE}b.nc`, offset: 2 ** 32 + 2 ** 31, length: 2 ** 32 + 5 },
      "2": { kind: "range", url: `${ARCHIVE}b.nc`, offset: 2 ** 52, length: 3 },
    },
  },
  {
    path: "deep/scalar",
    shape: [],
    chunks: [],
    refs: { "": { kind: "inline", bytes: [1, 2, 3, 4] } },
  },
  { path: "none", shape: [0, 3], chunks: [1, 3], refs: {} },
  { path: "unwritten", shape: [7], chunks: [7], refs: {} },
];

/** `.zarray` of an array under test. */
export function zarrayOf({ shape, chunks }: ExpectedArray): Record<string, unknown> {
  return {
    zarr_format: 2,
    shape,
    chunks,
    dtype: "<i4",
    order: "C",
    fill_value: 0,
    compressor: null,
    filters: null,
  };
}

/** An index that holds {@link CONFORMANCE_ARRAYS}. */
export interface ManifestUnderTest {
  readonly manifest: Manifest;
  /** The same index with an origin that fails on everything read from now on; undefined if nothing is. */
  readonly unreachable?: Manifest;
  /** What a chunk is in this format, where that is not what the arrays say. */
  readonly expected?: (array: ExpectedArray, coords: string) => ExpectedRef | undefined;
}

/** A reference as a plain value. */
export function plainRef(ref: ChunkRef | undefined): ExpectedRef | undefined {
  if (ref === undefined) return undefined;
  if (ref.kind === "inline") return { kind: "inline", bytes: [...ref.bytes] };
  assert.ok(ref.kind !== "concat", "the arrays under test have no chunks in pieces");
  const { url } = ref.file;
  return ref.kind === "object"
    ? { kind: "object", url: url.href }
    : { kind: "range", url: url.href, offset: ref.offset, length: ref.length };
}

/** Every coordinate of the grid, joined by dots. */
function gridOf({ shape, chunks }: ExpectedArray): string[] {
  let coords = [""];
  for (const [i, length] of shape.entries()) {
    const count = Math.ceil(length / chunks[i]);
    coords = coords.flatMap((prefix) =>
      Array.from({ length: count }, (_, n) => prefix === "" ? `${n}` : `${prefix}.${n}`)
    );
  }
  return coords;
}

function numbersOf(coords: string): number[] {
  return coords === "" ? [] : coords.split(".").map(Number);
}

/**
 * Registers the suite for one format.
 *
 * @param readsLater true if chunk() reads what open() did not, so that it can fail; `unreachable` is
 * given then
 */
export function manifestConformance(
  kind: string,
  setUp: () => Promise<ManifestUnderTest>,
  { readsLater = false } = {},
): void {
  const refOf = ({ expected }: ManifestUnderTest, array: ExpectedArray, coords: string) =>
    expected ? expected(array, coords) : array.refs[coords];

  Deno.test(`${kind}: nodes and children tell the same hierarchy`, async () => {
    const { manifest } = await setUp();
    const arrays = new Map<string, ExpectedArray>(CONFORMANCE_ARRAYS.map((a) => [a.path, a]));
    const seen: string[] = [];
    const pending = [""];
    for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
      const node = await manifest.node(path);
      const children = await manifest.children(path);
      assert.deepEqual(children, [...children].sort(), path);
      const array = arrays.get(path);
      assert.equal(node?.type, array ? "array" : "group", path);
      if (array) {
        assert.ok(node?.type === "array");
        assert.deepEqual(node.metadata.shape, array.shape);
        assert.deepEqual(children, []);
        seen.push(path);
      }
      pending.push(...children.map((name) => path === "" ? name : `${path}/${name}`));
    }
    assert.deepEqual(seen.sort(), [...arrays.keys()].sort());
  });

  Deno.test(`${kind}: every chunk is where the index says, or proven absent`, async () => {
    const under = await setUp();
    for (const array of CONFORMANCE_ARRAYS) {
      for (const coords of gridOf(array)) {
        const ref = await under.manifest.chunk(array.path, numbersOf(coords));
        assert.deepEqual(plainRef(ref), refOf(under, array, coords), `${array.path}/${coords}`);
      }
    }
  });

  Deno.test(`${kind}: refs() has each stored chunk once, as chunk() tells it`, async () => {
    const under = await setUp();
    for (const array of CONFORMANCE_ARRAYS) {
      const rank = array.shape.length;
      const found = new Map<string, ExpectedRef>();
      for await (const table of under.manifest.refs(array.path)) {
        assert.equal(table.coords.length, table.rows * rank);
        for (let row = 0; row < table.rows; row++) {
          const coords = [...table.coords.subarray(row * rank, row * rank + rank)].join(".");
          assert.ok(!found.has(coords), `${array.path}/${coords} comes twice`);
          found.set(coords, plainRow(table, row));
        }
      }
      const expected = gridOf(array).flatMap((coords) => {
        const ref = refOf(under, array, coords);
        return ref ? [[coords, ref] as const] : [];
      });
      const stored = under.manifest.absentObjects
        ? expected.filter(([coords]) => array.refs[coords])
        : expected;
      const byCoords = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]) =>
        a < b ? -1 : 1;
      assert.deepEqual([...found].sort(byCoords), [...stored].sort(byCoords), array.path);
    }
  });

  Deno.test(`${kind}: refs() in the order of the grid has the same chunks, the last coordinate fastest`, async () => {
    const { manifest } = await setUp();
    for (const { path, shape, chunks } of CONFORMANCE_ARRAYS) {
      const grid = shape.map((length, i) => Math.ceil(length / chunks[i]));
      const places: number[] = [];
      for await (const { coords, rows } of manifest.refs(path, "grid")) {
        for (let row = 0; row < rows; row++) {
          places.push(grid.reduce((at, n, i) => at * n + coords[row * grid.length + i], 0));
        }
      }
      assert.deepEqual(places, [...places].sort((a, b) => a - b), path);
      let rows = 0;
      for await (const table of manifest.refs(path)) rows += table.rows;
      assert.equal(places.length, rows, path);
    }
  });

  Deno.test(`${kind}: coordinates outside the grid are absent and never another chunk's`, async () => {
    const { manifest } = await setUp();
    const outside = [[0, 2], [3, 0], [-1, 0], [0, -1], [0.5, 0], [NaN, 0], [2 ** 32, 0], [0]];
    for (const coords of [...outside, [], [0, 0, 0], [Infinity, 0], [0, 6]]) {
      assert.equal(await manifest.chunk("temp", coords), undefined, `${coords}`);
    }
    assert.equal(await manifest.chunk("deep/scalar", [0]), undefined);
    assert.equal(await manifest.chunk("none", [0, 0]), undefined);
    assert.equal(await manifest.chunk("deep/er/line", [3]), undefined);
  });

  Deno.test(`${kind}: paths without a node are absent, and a group has no chunks`, async () => {
    const { manifest } = await setUp();
    const none = ["tem", "temp/", "/temp", "temp/0", "temp/0.0", "deep/e", "..", "a/../temp", "."];
    for (const path of [...none, "__proto__", "constructor", "temp/.zarray", ".zgroup"]) {
      assert.equal(await manifest.node(path), undefined, path);
      assert.equal(await manifest.chunk(path, [0, 0]), undefined, path);
      assert.deepEqual(await manifest.children(path), [], path);
    }
    for (const group of ["", "deep", "deep/er"]) {
      assert.equal(await manifest.chunk(group, []), undefined);
      assert.equal(await manifest.chunk(group, [0]), undefined);
      for await (const table of manifest.refs(group)) assert.equal(table.rows, 0);
    }
  });

  Deno.test(`${kind}: many may ask at the same time`, async () => {
    const under = await setUp();
    const asked = Array.from(
      { length: 20 },
      () =>
        CONFORMANCE_ARRAYS.flatMap((array) =>
          gridOf(array).map(async (coords) => {
            const ref = await under.manifest.chunk(array.path, numbersOf(coords));
            assert.deepEqual(plainRef(ref), refOf(under, array, coords));
          })
        ),
    );
    await Promise.all(asked.flat());
  });

  Deno.test(`${kind}: an unchanged index stays the same manifest`, async () => {
    const { manifest } = await setUp();
    assert.match(manifest.version, /^[A-Za-z0-9._-]{8,}$/);
    const { version } = manifest;
    const again = manifest.pinned ? manifest : await manifest.refresh();
    assert.equal(again, manifest);
    assert.equal(again.version, version);
  });

  if (!readsLater) return;
  Deno.test(`${kind}: an index that cannot be read is a fault, never an absent chunk`, async () => {
    const { unreachable } = await setUp();
    assert.ok(unreachable);
    await assert.rejects(unreachable.chunk("temp", [0, 0]), OriginError);
    await assert.rejects(unreachable.chunk("temp", [1, 1]), OriginError);
    await assert.rejects(async () => {
      for await (const _ of unreachable.refs("temp"));
    }, OriginError);
  });
}

function plainRow(table: ChunkTable, row: number): ExpectedRef {
  const { kinds, urls, urlIds, offsets, lengths, inline } = table;
  if (kinds[row] === ROW_KIND.inline) {
    const bytes = inline?.(row) as Uint8Array;
    assert.equal(lengths[row], bytes.length);
    return { kind: "inline", bytes: [...bytes] };
  }
  const url = urls[urlIds[row]];
  assert.equal(typeof url, "string");
  if (kinds[row] === ROW_KIND.object) {
    assert.equal(lengths[row], 0);
    return { kind: "object", url };
  }
  return { kind: "range", url, offset: offsets[row], length: lengths[row] };
}
