import assert from "node:assert/strict";
import { type Codec, codecId } from "../../../src/codecs/codec.ts";
import { CODECS, findCodec, findV2Codec } from "../../../src/codecs/registry.ts";

Deno.test("every name of a codec is its own, and leads to its row", () => {
  const names = CODECS.flatMap(({ name, aliases = [] }) => [name, ...aliases]);
  assert.equal(new Set(names).size, names.length);
  for (const codec of CODECS) {
    for (const name of [codec.name, ...codec.aliases ?? []]) assert.equal(findCodec(name), codec);
    assert.equal(findV2Codec(codecId(codec)), codec);
  }
  assert.equal(findCodec("grib"), undefined);
});

/** The cheapest way that a codec, alone behind `bytes`, is served. */
function servedAs({ portable, payload, isIdentity, decoder }: Codec) {
  if (portable || (isIdentity && !decoder)) return "pass";
  return payload ? "frame" : decoder ? "transcode" : "native";
}

Deno.test("the registry says how each codec is served, for the documentation", () => {
  const served = Map.groupBy(CODECS, servedAs);
  const ids = (tier: Parameters<typeof served.get>[0]) => served.get(tier)!.map(codecId).join(" ");
  assert.equal(
    ids("pass"),
    "transpose bitround bytes sharding_indexed vlen-utf8 vlen-bytes gzip zstd blosc crc32c",
  );
  assert.equal(ids("frame"), "zlib lz4");
  assert.equal(
    ids("transcode"),
    "delta fixedscaleoffset quantize astype packbits shuffle bz2 fletcher32 adler32 crc32 " +
      "hdf5.field hdf5.precision hdf5.text hdf5.lzf hdf5.lz4 hdf5.bitshuffle hdf5.szip hdf5.scaleoffset hdf5.nbit " +
      "tiff.bits tiff.predictor tiff.lzw tiff.packbits",
  );
  assert.equal(
    ids("native"),
    "pcodec zfpy categorize json2 msgpack2 pickle vlen-array base64 jenkins_lookup3 lzma",
  );
});

Deno.test("what v2 is told of a codec leads back to the same codec", () => {
  for (const codec of CODECS) {
    const configuration = codec.toV2?.({});
    if (!configuration) continue;
    const back = codec.fromV2?.(configuration, { itemBytes: 2 });
    assert.ok(back && typeof back !== "string" && findCodec(back.name) === codec, codec.name);
  }
});
