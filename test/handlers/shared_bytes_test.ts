/** Arrays over the same bytes of a file: each has its own decoding, entity tag and answers. */

import assert from "node:assert/strict";
import { decodeChunk } from "../../src/chunk/decode_chunk.ts";
import { entityTag } from "../../src/http/entity_tag.ts";
import type { ArrayMetadata } from "../../src/zarr/metadata.ts";
import { startGateway, type TestGateway } from "./gateway.ts";

const BYTES = 4096;

/** What each array makes of the same stored bytes: its data type and filters. */
const READINGS: Record<string, { dtype: string; filters: unknown[] }> = {
  int: { dtype: "<i4", filters: [{ id: "delta", dtype: "<i4", astype: "<i4" }] },
  short: { dtype: "<i2", filters: [{ id: "delta", dtype: "<i2", astype: "<i2" }] },
  half: {
    dtype: "<f4",
    filters: [{ id: "fixedscaleoffset", offset: 0, scale: 2, dtype: "<f4", astype: "<i4" }],
  },
  tenth: {
    dtype: "<f4",
    filters: [{ id: "fixedscaleoffset", offset: 0, scale: 10, dtype: "<f4", astype: "<i4" }],
  },
  plain: { dtype: "<i4", filters: [] },
};

/** A gateway with an array a reading, and one more of the first's. */
async function startShared(): Promise<TestGateway> {
  const gateway = await startGateway();
  const refs: Record<string, unknown> = { ".zgroup": '{"zarr_format":2}' };
  const url = `${gateway.origin.url}shared.bin`;
  for (const [name, { dtype, filters }] of Object.entries({ ...READINGS, twin: READINGS.int })) {
    const shape = [BYTES / Number(dtype.slice(2))];
    const array = { shape, chunks: shape, dtype, filters, compressor: null, order: "C" };
    refs[`${name}/.zarray`] = JSON.stringify({ ...array, zarr_format: 2, fill_value: null });
    refs[`${name}/0`] = [url, 16, BYTES];
  }
  const file = Uint8Array.from({ length: BYTES + 32 }, (_, i) => (i * 37 + (i >> 7)) & 127);
  gateway.origin.files.set("/shared.bin", file);
  gateway.origin.files.set(
    "/set.json",
    new TextEncoder().encode(JSON.stringify({ version: 1, refs })),
  );
  return gateway;
}

/** A hash of the values of a chunk, and its entity tag. */
async function read(gateway: TestGateway, name: string): Promise<{ raw: string; etag: string }> {
  const metadata = await (await gateway.fetch(`/set/${name}/zarr.json`)).json() as ArrayMetadata;
  const response = await gateway.fetch(`/set/${name}/c/0`);
  assert.equal(response.status, 200, name);
  const body = new Uint8Array(await response.arrayBuffer());
  const raw = entityTag((await decodeChunk(metadata, body))!);
  return { raw, etag: response.headers.get("etag")! };
}

Deno.test("arrays over the same bytes, asked for together, each give their own values", async () => {
  await using gateway = await startShared();
  const names = Object.keys(READINGS);
  const alone = new Map<string, string>();
  for (const name of names) alone.set(name, (await read(gateway, name)).raw);
  assert.equal(new Set(alone.values()).size, names.length);
  for (let round = 0; round < 8; round++) {
    const asked = [...names.slice(round % names.length), ...names, ...names];
    const answers = await Promise.all(asked.map((name) => read(gateway, name)));
    answers.forEach(({ raw }, i) => assert.equal(raw, alone.get(asked[i]), asked[i]));
  }
});

Deno.test("arrays over the same bytes have different entity tags; HEAD and 304 agree with GET", async () => {
  await using gateway = await startShared();
  const tags = new Set<string>();
  const names = [...Object.keys(READINGS), "twin"];
  for (const name of names) {
    const { etag } = await read(gateway, name);
    tags.add(etag);
    const head = await gateway.fetch(`/set/${name}/c/0`, { method: "HEAD" });
    assert.equal(head.headers.get("etag"), etag, name);
    const same = await gateway.fetch(`/set/${name}/c/0`, { headers: { "if-none-match": etag } });
    assert.equal(same.status, 304, name);
    assert.equal(same.headers.get("etag"), etag, name);
    const native = await gateway.fetch(`/set~native/${name}/c/0`);
    await native.body?.cancel();
    tags.add(native.headers.get("etag")!);
  }
  assert.equal(tags.size, 2 * names.length);
});
