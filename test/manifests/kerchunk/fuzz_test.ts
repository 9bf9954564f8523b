/**
 * Broken reference sets, JSON and Parquet: whatever is wrong with one is a fault of the index, with its
 * place, and nothing else.
 */

import assert from "node:assert/strict";
import { openManifest } from "../../../manifests/mod.ts";
import { SluiceError } from "../../../src/errors.ts";
import { zarrayOf } from "../../conformance/manifest.ts";
import { memoryOrigin, openOptions } from "../memory_origin.ts";
import { mutated, randomNumbers, ROUNDS, SEED } from "../../mutations.ts";
import { partitionFile } from "../parquet_set.ts";

/** Opens a set and asks for everything; false if it was refused. */
async function survives(files: Record<string, Uint8Array | string>, url: string): Promise<boolean> {
  try {
    const { origin } = memoryOrigin(files);
    const manifest = await openManifest(new URL(url), origin, openOptions(1 << 20));
    await manifest.node("a");
    for (let i = 0; i < 12; i++) await manifest.chunk("a", [i]);
    for await (const table of manifest.refs("a")) assert.ok(table.rows >= 0);
    return true;
  } catch (fault) {
    assert.ok(fault instanceof SluiceError, `${(fault as Error).stack}`);
    assert.match(fault.code, /^index-(invalid|too-large)$|^source-changed$/);
    return false;
  }
}

const ZARRAY = zarrayOf({ path: "a", shape: [12], chunks: [1], refs: {} });

/** Runs `rounds` mutations of what `files` makes. */
function fuzz(
  name: string,
  rounds: number,
  seeds: Uint8Array[],
  files: (
    bytes: Uint8Array,
  ) => [Record<string, Uint8Array | string>, string],
): void {
  Deno.test(`${name}: ${rounds} broken ones are read or refused, seed ${SEED}`, async () => {
    for (const bytes of seeds) assert.ok(await survives(...files(bytes)), "a seed is sound");
    const random = randomNumbers(SEED);
    let refused = 0;
    for (let round = 0; round < rounds; round++) {
      const bytes = mutated(seeds[random(seeds.length)], random);
      if (!await survives(...files(bytes))) refused++;
    }
    assert.ok(refused > rounds / 20, `${refused} refused`);
  });
}

const encoder = new TextEncoder();
fuzz(
  "kerchunk JSON",
  ROUNDS,
  [
    {
      version: 1,
      templates: { u: "s3://b/{{c}}", v: "w" },
      gen: [{
        key: "a/{{i * 2}}",
        url: "{{u(c='x')}}",
        offset: "{{i // 2}}",
        length: "1{{i}}",
        dimensions: { i: { start: 0, stop: 4 } },
      }],
      refs: { ".zgroup": '{"zarr_format":2}', "a/.zarray": ZARRAY, "a/9": ["{{v}}/k", 5, 6] },
    },
    {
      ".zgroup": { zarr_format: 2 },
      "a/.zarray": JSON.stringify(ZARRAY),
      "a/.zattrs": "{}",
      "a/0": "base64:AAEC",
      "a/1": ["s3://b/k", 1e3, 17],
      "a/2": ["s3://b/k"],
      "a/3": "text\u0001",
    },
    [{ ".zgroup": { zarr_format: 2 }, "a/.zarray": ZARRAY, "a/1": ["s3://b/k", 0, 17] }],
  ].map((set) => encoder.encode(JSON.stringify(set))),
  (bytes) => [{ "https://h/refs.json": bytes }, "https://h/refs.json"],
);

const rows = Array.from(
  { length: 12 },
  (_, i) =>
    i % 5 === 4
      ? { raw: new Uint8Array([i]) }
      : { path: `s3://b/${i % 3}`, offset: i * 7, size: i + 1 },
);
const pyarrow = await Promise.all(
  ["lz4", "split", "delta", "v2", "gzip"].map((name) =>
    Deno.readFile(new URL(`../../fixtures/parquet/${name}.parq`, import.meta.url))
  ),
);
fuzz(
  "kerchunk Parquet",
  ROUNDS,
  [
    partitionFile(rows),
    partitionFile(rows, { codec: "UNCOMPRESSED", pageSize: 16 }),
    partitionFile(rows, { codec: "SNAPPY", rowGroupSize: 5, nullable: true }),
    ...pyarrow,
  ],
  (bytes) => [{
    "https://h/s.parq/.zmetadata": JSON.stringify({
      metadata: { ".zgroup": { zarr_format: 2 }, "a/.zarray": ZARRAY },
      record_size: 50,
    }),
    "https://h/s.parq/a/refs.0.parq": bytes,
  }, "https://h/s.parq/"],
);
