import assert from "node:assert/strict";
import * as zlib from "node:zlib";
import { deliver } from "../../../src/chunk/delivery.ts";
import { planArray } from "../../../src/chunk/plan.ts";
import { ChunkError } from "../../../src/errors.ts";
import { itemSize } from "../../../src/zarr/data_type.ts";
import type { ArrayMetadata, Codec } from "../../../src/zarr/metadata.ts";
import { readPortable } from "../codecs/portable_chunk.ts";
import { arrayMetadata, VECTORS } from "../codecs/vectors.ts";

/** The bytes that a client gets for a chunk of the array. */
async function answer(
  metadata: ArrayMetadata,
  encoded: Uint8Array,
): Promise<{ codecs: readonly Codec[]; chunk: Uint8Array }> {
  const plan = planArray(metadata);
  assert.notEqual(plan.tier, "native");
  const delivery = deliver(plan, encoded.length);
  const { offset, length } = delivery.stored;
  const stored = encoded.subarray(offset, offset + length);
  const chunk = delivery.kind === "convert"
    ? await delivery.convert(stored)
    : Uint8Array.of(...delivery.prefix, ...stored);
  if (delivery.contentLength !== undefined) assert.equal(chunk.length, delivery.contentLength);
  return { codecs: plan.codecs, chunk };
}

/**
 * `bytes` with each element's bytes reversed, if numcodecs decodes to big-endian elements: the type of
 * the first filter, or else the `bytes` codec, says so.
 */
function toLittle(metadata: ArrayMetadata, bytes: Uint8Array): Uint8Array {
  const types = metadata.codecs.map(({ configuration }) =>
    configuration?.decode_dtype ?? configuration?.dtype
  );
  const type = types.find((type) => typeof type === "string");
  const codec = metadata.codecs.find(({ name }) => name === "bytes");
  const isBig = type === undefined ? codec?.configuration?.endian === "big" : type[0] === ">";
  const size = isBig ? itemSize(metadata.data_type)! : 1;
  const out = bytes.slice();
  for (let at = 0; at < out.length; at += size) out.subarray(at, at + size).reverse();
  return out;
}

Deno.test("a client that has only portable codecs reads every chunk as numcodecs does", async (t) => {
  for (const vector of VECTORS) {
    await t.step(vector.title, async () => {
      const { codecs, chunk } = await answer(vector.metadata, vector.encoded);
      const read = await readPortable(vector.metadata, codecs, chunk);
      vector.expect(toLittle(vector.metadata, read));
    });
  }
});

const bytes = { name: "bytes" };
const named = (id: string, configuration = {}) => ({ name: `numcodecs.${id}`, configuration });

/** Pseudo-random bytes, the same in every run. */
function noise(length: number): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length }, () => {
    state = Math.imul(state, 1664525) + 1013904223 | 0;
    return state >>> 24;
  });
}

function uint8Array(length: number, ...codecs: unknown[]): ArrayMetadata {
  return arrayMetadata([bytes, ...codecs], "uint8", [length]);
}

/** Codecs that end in a compressor of `node:zlib`, each served by decoding. */
const COMPRESSORS: Array<[string, (raw: Uint8Array) => Uint8Array, ...codecs: unknown[]]> = [
  ["zlib", (raw) => zlib.deflateSync(zlib.deflateSync(raw)), named("zlib"), named("zlib")],
  ["gzip", (raw) => zlib.gzipSync(raw), named("shuffle", { elementsize: 3 }), named("gzip")],
  ["zstd", (raw) => zlib.zstdCompressSync(zlib.deflateSync(raw)), named("zlib"), named("zstd")],
];

Deno.test("pass and native chunks are spliced as they are", () => {
  for (const codec of [{ name: "gzip" }, named("grib")]) {
    assert.deepEqual(deliver(planArray(uint8Array(9, codec)), 123), {
      kind: "splice",
      stored: { offset: 0, length: 123 },
      prefix: new Uint8Array(0),
      contentLength: 123,
    });
  }
});

Deno.test("a framed chunk's length is known without its bytes, a transcoded one's is not", () => {
  const framed = deliver(planArray(uint8Array(99, named("zlib"), named("fletcher32"))), 54);
  assert(framed.kind === "splice");
  assert.deepEqual([framed.stored, framed.contentLength], [{ offset: 0, length: 50 }, 74]);
  assert.equal(framed.prefix.length, 24);
  const lz4 = deliver(planArray(uint8Array(99, named("lz4"))), 54);
  assert(lz4.kind === "splice");
  assert.deepEqual([lz4.stored, lz4.contentLength], [{ offset: 4, length: 50 }, 74]);
  const stored = deliver(planArray(uint8Array(50, named("zlib"), named("fletcher32"))), 54);
  assert(stored.kind === "convert");
  assert.equal(stored.contentLength, 66);
  const transcoded = deliver(planArray(uint8Array(50, named("bz2"))), 54);
  assert(transcoded.kind === "convert");
  assert.equal(transcoded.contentLength, undefined);
});

Deno.test("a chunk too short for what is cut off is refused", () => {
  const plan = planArray(uint8Array(99, named("zlib"), named("fletcher32")));
  for (const length of [0, 1, 4]) assert.throws(() => deliver(plan, length), ChunkError);
  assert.equal(deliver(plan, 5).kind, "splice");
});

Deno.test("a chunk that decodes to more than its metadata declares stops there", async (t) => {
  const bomb = new Uint8Array(50_000_000);
  for (const [name, compress, ...codecs] of COMPRESSORS) {
    await t.step(name, async () => {
      await assert.rejects(answer(uint8Array(300, ...codecs), compress(bomb)), ChunkError);
      await assert.rejects(answer(uint8Array(300, ...codecs), compress(noise(301))), ChunkError);
    });
  }
});

Deno.test("a large chunk is decoded in pieces, and checked the same", async (t) => {
  const raw = new Uint8Array(3_000_000).fill(7, 1000);
  for (const [name, compress, ...codecs] of COMPRESSORS.filter(([name]) => name !== "gzip")) {
    await t.step(name, async () => {
      const metadata = uint8Array(raw.length, ...codecs);
      const { codecs: declared, chunk } = await answer(metadata, compress(raw));
      assert.deepEqual(await readPortable(metadata, declared, chunk), raw);
      for (const length of [raw.length - 1, raw.length + 1]) {
        const other = compress(new Uint8Array(length));
        await assert.rejects(answer(metadata, other), ChunkError);
      }
    });
  }
});

Deno.test("a chunk that decodes to less than its metadata declares is refused, never filled", async (t) => {
  for (const [name, compress, ...codecs] of COMPRESSORS) {
    await t.step(name, async () => {
      const metadata = uint8Array(300, ...codecs);
      await answer(metadata, compress(noise(300)));
      await assert.rejects(answer(metadata, compress(noise(299))), ChunkError);
      await assert.rejects(answer(metadata, compress(new Uint8Array(0))), ChunkError);
      await assert.rejects(answer(metadata, new Uint8Array(0)), ChunkError);
    });
  }
});

Deno.test("no transcoded chunk that is cut short, at whatever byte, gives an answer", async (t) => {
  for (const vector of VECTORS) {
    if (planArray(vector.metadata).tier !== "transcode" || vector.encoded.length > 800) continue;
    await t.step(vector.title, async () => {
      const step = Math.ceil(vector.encoded.length / 40);
      for (let length = 0; length < vector.encoded.length; length += step) {
        const cut = vector.encoded.slice(0, length);
        let chunk: Uint8Array;
        let codecs: readonly Codec[];
        try {
          ({ chunk, codecs } = await answer(vector.metadata, cut));
        } catch (error) {
          assert(error instanceof ChunkError, `${length}: ${error}`);
          continue;
        }
        // Only what carries no data may be missing (a checksum behind the last byte of a stream).
        const read = await readPortable(vector.metadata, codecs, chunk);
        vector.expect(
          toLittle(vector.metadata, read),
          `cut to ${length} of ${vector.encoded.length}`,
        );
      }
    });
  }
});

Deno.test("a chunk with a checksum that does not match is refused", async (t) => {
  for (
    const vector of VECTORS.filter(({ title }) =>
      /crc32|adler32|fletcher32 (alone|first)/.test(title)
    )
  ) {
    await t.step(vector.title, async () => {
      for (const at of [0, 5, vector.encoded.length - 5, vector.encoded.length - 1]) {
        const changed = vector.encoded.slice();
        changed[at] ^= 1;
        await assert.rejects(answer(vector.metadata, changed), ChunkError, `byte ${at}`);
      }
    });
  }
});

Deno.test("fletcher32 with the bytes of its sums swapped, as old HDF5 wrote it, is accepted", async () => {
  const metadata = uint8Array(4, named("fletcher32"));
  // Words 0x0102 and 0x0304: sums 0x0406 and 0x0508.
  const data = [1, 2, 3, 4];
  await answer(metadata, Uint8Array.from([...data, 0x06, 0x04, 0x08, 0x05]));
  await answer(metadata, Uint8Array.from([...data, 0x04, 0x06, 0x05, 0x08]));
  await assert.rejects(
    answer(metadata, Uint8Array.from([...data, 0x05, 0x08, 0x04, 0x06])),
    ChunkError,
  );
});

Deno.test("a changed byte in a compressed chunk gives an error or the very data", async (t) => {
  const pattern = /blosc (blosclz|lz4) shuffle|lz4\+fletcher|packbits/;
  for (const vector of VECTORS.filter(({ title }) => pattern.test(title))) {
    await t.step(vector.title, async () => {
      for (let at = 0; at < Math.min(24, vector.encoded.length); at++) {
        const changed = vector.encoded.slice();
        changed[at] ^= 0xff;
        // What decodes nevertheless has the declared size: these codecs have no checksum.
        try {
          await answer(vector.metadata, changed);
        } catch (error) {
          assert(error instanceof ChunkError, `byte ${at}: ${error}`);
        }
      }
    });
  }
});

Deno.test("a value that NumPy casts differently on each machine is refused", async (t) => {
  const cases: Array<[stored: string, code: string, dataType: string, value: number]> = [
    ["<f8", "|u1", "uint8", 256],
    ["<f8", "|u1", "uint8", -1],
    ["<f8", "<i2", "int16", 32768],
    ["<f8", "<i4", "int32", NaN],
    ["<f8", "<i8", "int64", 2 ** 63],
    ["<f8", "<u8", "uint64", 2 ** 64],
    ["<f8", "<u8", "uint64", -1],
    ["<f8", "<i8", "int64", Infinity],
  ];
  for (const [stored, code, dataType, value] of cases) {
    await t.step(`${value} to ${dataType}`, async () => {
      const astype = named("astype", { encode_dtype: stored, decode_dtype: code });
      const little = { name: "bytes", configuration: { endian: "little" } };
      const metadata = arrayMetadata([astype, little], dataType, [2]);
      const encoded = (at: number) => new Uint8Array(Float64Array.of(3, at).buffer);
      await answer(metadata, encoded(4));
      await assert.rejects(answer(metadata, encoded(value)), ChunkError);
    });
  }
});

Deno.test("text that only a foreign codec compressed is sent as vlen-utf8 and zstd", async () => {
  const metadata = arrayMetadata([{ name: "vlen-utf8" }, named("zlib")], "string", [3]);
  // Three items: "a", "", "é!".
  const raw = Uint8Array.fromHex("03000000" + "0100000061" + "00000000" + "03000000c3a921");
  const { codecs, chunk } = await answer(metadata, zlib.deflateSync(raw));
  assert.deepEqual(codecs.map(({ name }) => name), ["vlen-utf8", "zstd"]);
  assert.equal(zlib.zstdDecompressSync(chunk).toString("hex"), raw.toHex());
  for (let length = 0; length < raw.length; length++) {
    await assert.rejects(answer(metadata, zlib.deflateSync(raw.slice(0, length))), ChunkError);
  }
  await assert.rejects(answer(metadata, zlib.deflateSync(Uint8Array.of(...raw, 0))), ChunkError);
  const lying = raw.slice();
  lying.set([255, 255, 255, 255]);
  await assert.rejects(answer(metadata, zlib.deflateSync(lying)), ChunkError);
});

Deno.test("text stops at 64 MiB: nothing declares how long it is", async () => {
  const metadata = arrayMetadata([{ name: "vlen-utf8" }, named("zlib")], "string", [1]);
  const raw = new Uint8Array(64 * 2 ** 20 + 1);
  new DataView(raw.buffer).setUint32(0, 1, true);
  new DataView(raw.buffer).setUint32(4, raw.length - 8, true);
  await assert.rejects(answer(metadata, zlib.deflateSync(raw, { level: 1 })), ChunkError);
});

Deno.test("the same chunk transcodes to the same bytes, with its size in the Zstandard frame", async () => {
  const metadata = uint8Array(300, named("zlib"), named("zlib"));
  const encoded = zlib.deflateSync(zlib.deflateSync(noise(300)));
  const { chunk } = await answer(metadata, encoded);
  assert.deepEqual((await answer(metadata, encoded)).chunk, chunk);
  // RFC 8878 §3.1.1.1: the content size flag is one of the two highest bits, or the single segment's.
  assert.notEqual(chunk[4] & 0xe0, 0);
});

Deno.test("decoding leaves the stored bytes as they were", async () => {
  for (const vector of VECTORS) {
    const encoded = vector.encoded.slice();
    await answer(vector.metadata, encoded);
    assert.deepEqual(encoded, vector.encoded, vector.title);
  }
});
