import assert from "node:assert/strict";
import { AT_ONCE } from "../../../src/codecs/pace.ts";
import { planArray } from "../../../src/chunk/plan.ts";
import type { ArrayMetadata } from "../../../src/zarr/metadata.ts";
import { rawNumber } from "../../../src/json.ts";
import { parseZarrJson } from "../../../src/zarr/v3_document.ts";
import { arrayMetadata, VECTORS } from "../codecs/vectors.ts";

const little = { name: "bytes", configuration: { endian: "little" } };
const big = { name: "bytes", configuration: { endian: "big" } };
const bytes = { name: "bytes" };
const zstd1 = { name: "zstd", configuration: { level: 1, checksum: false } };
const transpose = { name: "transpose", configuration: { order: [1, 0] } };
const v2 = (id: string, configuration?: Record<string, unknown>) => ({
  name: `numcodecs.${id}`,
  ...(configuration && { configuration }),
});
const blosc = (cname: string, shuffle: string, typesize: number, clevel = 5) => ({
  name: "blosc",
  configuration: { typesize, cname, clevel, shuffle, blocksize: 0 },
});
const shuffle = (elementsize: number) => v2("shuffle", { elementsize });
const zlib = v2("zlib", { level: 1 });
const gzip = { name: "gzip", configuration: { level: 5 } };
const crc32c = { name: "crc32c" };
const vlen = { name: "vlen-utf8" };
const delta = v2("delta", { dtype: "<i2", astype: "<i2" });
const shard = (codecs: unknown[], index: unknown[] = [little, crc32c]) => ({
  name: "sharding_indexed",
  configuration: { chunk_shape: [2, 2], codecs, index_codecs: index, index_location: "end" },
});

type DataType = ArrayMetadata["data_type"];

Deno.test("portable codecs pass as they are, or under their portable name", async (t) => {
  const cases: Array<[title: string, source: unknown[], codecs?: unknown[], dataType?: DataType]> =
    [
      ["nothing", [little]],
      ["big-endian", [big]],
      ["bytes as a bare name", ["bytes"], [bytes], "uint8"],
      ["gzip", [little, gzip]],
      ["zstd", [little, { name: "zstd", configuration: { level: 22, checksum: true } }]],
      ["zstd of a level that GDAL refuses", [little, {
        name: "zstd",
        configuration: { level: -5, checksum: true },
      }], [little, { name: "zstd", configuration: { level: 0, checksum: true } }]],
      ["zstd without configuration", [little, { name: "zstd" }], [little, {
        name: "zstd",
        configuration: { level: 0, checksum: false },
      }]],
      ["blosc", [little, blosc("lz4", "bitshuffle", 2)]],
      ["crc32c", [little, zstd1, crc32c]],
      ["transpose", [transpose, little]],
      ["transpose by letter", [{ name: "transpose", configuration: { order: "F" } }, little], [
        transpose,
        little,
      ]],
      ["numcodecs.gzip", [little, v2("gzip", { level: 1 })], [little, {
        name: "gzip",
        configuration: { level: 1 },
      }]],
      ["numcodecs.gzip of level -1", [little, v2("gzip", { level: -1 })], [little, gzip]],
      ["numcodecs.gzip of level 1.0", [little, v2("gzip", { level: rawNumber("1.0") })], [little, {
        name: "gzip",
        configuration: { level: 1 },
      }]],
      ["numcodecs.zstd", [little, v2("zstd", { level: 1 })], [little, zstd1]],
      ["numcodecs.crc32c", [little, v2("crc32c")], [little, crc32c]],
      ["numcodecs.crc32c at the end", [little, v2("crc32c", { location: "end" })], [
        little,
        crc32c,
      ]],
      [
        "numcodecs.blosc with a number for its shuffle",
        [little, v2("blosc", { cname: "zstd", clevel: 3, shuffle: 2, blocksize: 0 })],
        [little, blosc("zstd", "bitshuffle", 2, 3)],
      ],
      [
        "numcodecs.blosc with AUTOSHUFFLE, wide elements",
        [little, v2("blosc", { cname: "lz4", clevel: 5, shuffle: -1, blocksize: 0 })],
        [little, blosc("lz4", "shuffle", 2)],
      ],
      [
        "numcodecs.blosc with AUTOSHUFFLE, bytes",
        [bytes, v2("blosc", { cname: "lz4", clevel: 5, shuffle: -1, blocksize: 0 })],
        [bytes, blosc("lz4", "bitshuffle", 1)],
        "uint8",
      ],
      [
        "blosc of elements wider than it shuffles",
        [little, v2("blosc", { cname: "lz4", clevel: 5, shuffle: 1, blocksize: 0 })],
        [little, blosc("lz4", "shuffle", 1)],
        { name: "fixed_length_utf32", configuration: { length_bytes: 400 } },
      ],
      ["shuffle by one byte changes nothing", [bytes, shuffle(1), zstd1], [bytes, zstd1], "uint8"],
      [
        "shuffle of bytes without an element size",
        [bytes, v2("shuffle"), zstd1],
        [bytes, zstd1],
        "uint8",
      ],
      ["bitround only loses when it encodes", [v2("bitround", { keepbits: 3 }), little, gzip], [
        little,
        gzip,
      ], "float32"],
      ["registered bitround", [{ name: "bitround", configuration: { keepbits: 3 } }, little], [
        little,
      ]],
      ["quantize to the same type", [v2("quantize", { digits: 1, dtype: "<f4" }), little], [
        little,
      ], "float32"],
      ["astype to the same type", [
        v2("astype", { encode_dtype: "i2", decode_dtype: "int16" }),
        little,
      ], [
        little,
      ]],
      ["shards", [shard([transpose, little, gzip])]],
      ["shards of codecs under other names", [shard([little, v2("zstd", { level: 1 })])], [
        shard([little, zstd1]),
      ]],
      ["text", [vlen], [vlen], "string"],
      ["text, zstd", [vlen, zstd1], [vlen, zstd1], "string"],
      ["text under numcodecs' name", [v2("vlen-utf8"), gzip], [vlen, gzip], "string"],
      [
        "bytes of any length",
        [{ name: "vlen-bytes" }, zstd1],
        [{ name: "vlen-bytes" }, zstd1],
        "bytes",
      ],
      ["a data type that is not known", [little, gzip], [little, gzip], "float8_new"],
    ];
  for (const [title, source, codecs = source, dataType] of cases) {
    await t.step(title, () => {
      const plan = planArray(arrayMetadata(source, dataType));
      const last = codecs.at(-1) as { name: string };
      const item: Record<string, number> = { uint8: 1, float32: 4 };
      // what nothing compresses has the one length that the metadata says
      const rawBytes = 4 * 8 * (item[dataType as string] ?? 2);
      const raw = last.name === "bytes" ? { rawBytes } : {};
      assert.deepEqual(plan, { tier: "pass", codecs, ...raw });
    });
  }
});

// What zarr-python 3.4.1 takes (`evolve_from_array_spec`): the item size of what the codec is given.
Deno.test("a v3 shuffle without an element size has that of its elements, never numcodecs' 4", async (t) => {
  const cases: Array<[title: string, filters: unknown[], size: number, dataType: DataType]> = [
    ["float64", [], 8, "float64"],
    ["int16", [], 2, "int16"],
    ["behind astype", [v2("astype", { encode_dtype: "<i2", decode_dtype: "<f8" })], 2, "float64"],
    ["behind delta", [v2("delta", { dtype: "<i8", astype: "<i2" })], 2, "int64"],
    ["behind delta of one type", [v2("delta", { dtype: "<i8" })], 8, "int64"],
    [
      "behind fixedscaleoffset",
      [v2("fixedscaleoffset", { offset: 0, scale: 1, dtype: "<f8", astype: "<i2" })],
      2,
      "float64",
    ],
  ];
  for (const [title, filters, size, dataType] of cases) {
    for (const elementsize of [undefined, null]) {
      await t.step(`${title}, ${elementsize}`, async () => {
        const codecs = [...filters, little, v2("shuffle", { elementsize }), zlib];
        const plan = planArray(readMetadata(codecs, dataType));
        const explicit = planArray(
          readMetadata([...filters, little, shuffle(size), zlib], dataType),
        );
        assert.deepEqual(plan.codecs, explicit.codecs);
        if (filters.length === 0) {
          assert(plan.tier === "frame");
          assert.equal(plan.prefix(9)[3], size);
          return;
        }
        assert(plan.tier === "transcode");
        const step = plan.decode.find(({ name }) => name === "shuffle")!;
        const bytes = Uint8Array.from({ length: step.decoded.bytes }, (_, i) => i);
        const steps = explicit.tier === "transcode" ? explicit.decode : [];
        assert.deepEqual(
          await step.decode(bytes, AT_ONCE),
          await steps.find(({ name }) => name === "shuffle")!.decode(bytes, AT_ONCE),
        );
      });
    }
  }
});

/** Metadata as an index that reads the document has them. */
function readMetadata(codecs: unknown[], dataType: DataType): ArrayMetadata {
  const document = JSON.stringify(arrayMetadata(codecs, dataType));
  return parseZarrJson(new TextEncoder().encode(document)) as ArrayMetadata;
}

Deno.test("payloads of Blosc are framed", async (t) => {
  const cases: Array<[
    title: string,
    source: unknown[],
    codecs: unknown[],
    flags: number,
    trims?: [start: number, end: number],
    dataType?: DataType,
  ]> = [
    ["zlib", [little, zlib], [little, blosc("zlib", "noshuffle", 2)], 0x70],
    ["plain zlib", [little, { name: "zlib" }], [little, blosc("zlib", "noshuffle", 2)], 0x70],
    ["shuffle+zlib", [little, shuffle(2), zlib], [little, blosc("zlib", "shuffle", 2)], 0x71],
    ["shuffle without an element size", [little, v2("shuffle"), zlib], [
      little,
      blosc("zlib", "shuffle", 2),
    ], 0x71],
    ["shuffle by another size", [little, shuffle(4), zlib], [
      little,
      blosc("zlib", "shuffle", 4),
    ], 0x71],
    ["shuffle by one byte", [little, shuffle(1), zlib], [
      little,
      blosc("zlib", "noshuffle", 2),
    ], 0x70],
    ["big-endian", [big, shuffle(2), zlib], [big, blosc("zlib", "shuffle", 2)], 0x71],
    ["transposed", [transpose, little, zlib], [
      transpose,
      little,
      blosc("zlib", "noshuffle", 2),
    ], 0x70],
    ["bitround", [v2("bitround", { keepbits: 1 }), little, shuffle(2), zlib], [
      little,
      blosc("zlib", "shuffle", 2),
    ], 0x71],
    [
      "zlib+fletcher32",
      [little, zlib, v2("fletcher32")],
      [
        little,
        blosc("zlib", "noshuffle", 2),
      ],
      0x70,
      [0, 4],
    ],
    [
      "shuffle+zlib+fletcher32",
      [little, shuffle(2), zlib, v2("fletcher32")],
      [
        little,
        blosc("zlib", "shuffle", 2),
      ],
      0x71,
      [0, 4],
    ],
    ["shuffle+zstd", [little, shuffle(2), zstd1], [little, blosc("zstd", "shuffle", 2)], 0x91],
    [
      "lz4",
      [little, v2("lz4", { acceleration: 1 })],
      [
        little,
        blosc("lz4", "noshuffle", 2),
      ],
      0x30,
      [4, 0],
    ],
    ["plain lz4", [little, { name: "lz4" }], [little, blosc("lz4", "noshuffle", 2)], 0x30, [4, 0]],
    ["shuffle+lz4", [big, shuffle(2), v2("lz4")], [big, blosc("lz4", "shuffle", 2)], 0x31, [4, 0]],
    [
      "the widest element that Blosc shuffles",
      [bytes, shuffle(255), zlib],
      [
        bytes,
        blosc("zlib", "shuffle", 255),
      ],
      0x71,
      [0, 0],
      { name: "raw_bytes", configuration: { length_bytes: 255 } },
    ],
    [
      "elements wider than that, not shuffled",
      [bytes, zlib],
      [
        bytes,
        blosc("zlib", "noshuffle", 1),
      ],
      0x70,
      [0, 0],
      { name: "raw_bytes", configuration: { length_bytes: 256 } },
    ],
    ["times", [little, shuffle(8), zlib], [little, blosc("zlib", "shuffle", 8)], 0x71, [0, 0], {
      name: "numpy.datetime64",
      configuration: { unit: "s", scale_factor: 1 },
    }],
  ];
  for (const [title, source, codecs, flags, [trimStart, trimEnd] = [0, 0], dataType] of cases) {
    await t.step(title, () => {
      const plan = planArray(arrayMetadata(source, dataType));
      assert.equal(plan.tier, "frame");
      assert(plan.tier === "frame");
      assert.deepEqual(plan.codecs, codecs);
      assert.equal(plan.prefix(9)[2], flags);
      assert.deepEqual([plan.trimStart, plan.trimEnd], [trimStart, trimEnd]);
    });
  }
});

Deno.test("a frame's chunk is as large as the whole chunk, also at the edge of the array", () => {
  const plan = planArray({
    ...arrayMetadata([little, zlib], "float64", [7, 5, 3]),
    shape: [1, 1, 1],
  });
  assert(plan.tier === "frame");
  assert.equal(plan.nbytes, 7 * 5 * 3 * 8);
  const scalar = planArray(arrayMetadata([little, zlib], "float64", []));
  assert(scalar.tier === "frame");
  assert.equal(scalar.nbytes, 8);
});

Deno.test("what no container holds is transcoded to bytes and zstd", async (t) => {
  const cases: Array<[
    title: string,
    source: unknown[],
    steps: string[],
    leading?: unknown[],
    dataType?: DataType,
  ]> = [
    ["bz2", [little, v2("bz2", { level: 1 })], ["bz2"]],
    ["plain bz2, big-endian", [big, { name: "bz2" }], ["bz2"], [big]],
    ["shuffle alone", [little, shuffle(2)], ["shuffle"]],
    ["shuffle wider than Blosc does", [bytes, shuffle(256), zlib], ["zlib", "shuffle"], [bytes], {
      name: "raw_bytes",
      configuration: { length_bytes: 256 },
    }],
    ["fletcher32 alone is verified", [little, v2("fletcher32")], ["fletcher32"]],
    ["fletcher32 in front", [little, v2("fletcher32"), shuffle(2), zlib], [
      "zlib",
      "shuffle",
      "fletcher32",
    ]],
    ["fletcher32 behind what has no checksum", [little, v2("lz4"), v2("fletcher32")], [
      "fletcher32",
      "lz4",
    ]],
    ["adler32", [little, zlib, v2("adler32")], ["adler32", "zlib"]],
    ["crc32", [little, v2("crc32", { location: "end" })], ["crc32"]],
    ["crc32c at the start", [little, v2("crc32c", { location: "start" })], ["crc32c"]],
    ["zlib+crc32c", [little, zlib, crc32c], ["crc32c", "zlib"]],
    ["zlib twice", [little, zlib, zlib], ["zlib", "zlib"]],
    ["shuffle+gzip", [little, shuffle(2), gzip], ["gzip", "shuffle"]],
    ["shuffle+blosc", [little, shuffle(2), blosc("lz4", "noshuffle", 2)], ["blosc", "shuffle"]],
    ["delta", [delta, little], ["delta"]],
    ["delta+blosc", [delta, little, blosc("lz4", "shuffle", 2)], ["blosc", "delta"]],
    ["delta+shuffle+zlib, transposed", [transpose, delta, little, shuffle(2), zlib], [
      "zlib",
      "shuffle",
      "delta",
    ], [transpose, little]],
    [
      "fixedscaleoffset with exact numbers",
      [
        v2("fixedscaleoffset", {
          offset: rawNumber("1.0"),
          scale: 10,
          dtype: "<f4",
          astype: "|u1",
        }),
        bytes,
      ],
      ["fixedscaleoffset"],
      [little],
      "float32",
    ],
    [
      "a filter to bytes of a big-endian array, no byte order declared",
      [
        v2("delta", { dtype: ">i4", astype: "|i1" }),
        bytes,
      ],
      ["delta"],
      [big],
      "int32",
    ],
    [
      "quantize to another type",
      [v2("quantize", { digits: 2, dtype: "<f8", astype: "<f4" }), little],
      [
        "quantize",
      ],
      [little],
      "float64",
    ],
    [
      "astype that a transposition follows",
      [
        v2("astype", { encode_dtype: "|i1", decode_dtype: "<i2" }),
        transpose,
        little,
      ],
      ["astype"],
      [transpose, little],
    ],
    ["packbits", [v2("packbits"), bytes], ["packbits"], [bytes], "bool"],
    ["text, zlib", [vlen, zlib], ["zlib", "vlen-utf8"], [vlen], "string"],
  ];
  for (const [title, source, steps, leading = [little], dataType] of cases) {
    await t.step(title, () => {
      const plan = planArray(arrayMetadata(source, dataType));
      assert.equal(plan.tier, "transcode");
      assert(plan.tier === "transcode");
      assert.deepEqual(plan.codecs, [...leading, zstd1]);
      const names = plan.decode.map(({ name }) => name).filter((name) => name !== "bytes");
      assert.deepEqual(names, steps);
    });
  }
});

Deno.test("what cannot be served keeps the source's codecs, with the reason", async (t) => {
  const cases: Array<[title: string, codecs: unknown[], reason: RegExp, dataType?: DataType]> = [
    ["GRIB", [little, v2("grib", { var: "t" })], /numcodecs\.grib is not known/],
    ["pcodec", [v2("pcodec")], /numcodecs\.pcodec is not known/],
    ["pickle", [v2("pickle")], /numcodecs\.pickle/, "string"],
    ["json2", [v2("json2")], /numcodecs\.json2/, "string"],
    ["lzma", [little, v2("lzma")], /LZMA/],
    ["jenkins_lookup3", [little, v2("jenkins_lookup3")], /checksum/],
    [
      "the registry's packbits, not numcodecs'",
      [{ name: "packbits" }],
      /packbits is not known/,
      "bool",
    ],
    ["Blosc with Snappy behind a filter", [delta, little, blosc("snappy", "shuffle", 2)], /snappy/],
    ["shards of foreign codecs", [shard([little, zlib])], /sharding_indexed/],
    ["shards with a foreign index", [shard([little], [little, zlib])], /sharding_indexed/],
    ["shards in a foreign codec", [shard([little]), zlib], /sharding_indexed/],
    [
      "shards of a shuffle by the element",
      [shard([little, v2("shuffle"), zstd1])],
      /sharding_indexed/,
    ],
    ["no codecs", [], /bytes/],
    ["no array → bytes codec", [zlib], /bytes/],
    ["two array → bytes codecs", [little, little], /out of order/],
    ["a filter behind the bytes", [little, delta], /out of order/],
    ["a compressor in front of the bytes", [zlib, little], /out of order/],
    ["transpose behind delta", [delta, transpose, little], /transpose follows/],
    ["transpose of other dimensions", [
      { name: "transpose", configuration: { order: [2, 1, 0] } },
      little,
      zlib,
    ], /transpose/],
    ["delta of times", [v2("delta", { dtype: "<M8[ns]" }), little], /data types/],
    ["delta of booleans", [v2("delta", { dtype: "|b1" }), bytes], /numbers/, "bool"],
    ["delta without a type", [v2("delta"), little], /data types/],
    ["a filter wider than the chunk", [v2("delta", { dtype: "<i8" }), bytes], /data type/, "uint8"],
    [
      "fixedscaleoffset without numbers",
      [
        v2("fixedscaleoffset", { dtype: "<f4", astype: "<i2", scale: "NaN", offset: 0 }),
        little,
      ],
      /scale/,
      "float32",
    ],
    ["quantize of integers", [v2("quantize", { dtype: "<i2", astype: "<i4" }), little], /floats/],
    ["a checksum in the middle", [little, v2("crc32", { location: "middle" })], /location/],
    ["shuffle by nonsense", [little, v2("shuffle", { elementsize: "2" })], /element size/],
    ["a data type whose size is not known", [little, zlib], /size/, "float8_new"],
    ["a codec without a name", [little, {}], /name/],
    ["null for a codec", [little, null], /name/],
  ];
  for (const [title, codecs, reason, dataType] of cases) {
    await t.step(title, () => {
      const chunkShape = title.startsWith("a filter wider") ? [3] : undefined;
      const plan = planArray(arrayMetadata(codecs, dataType, chunkShape));
      assert.equal(plan.tier, "native");
      assert(plan.tier === "native");
      assert.deepEqual(plan.codecs, codecs);
      assert.match(plan.reason, reason);
    });
  }
});

Deno.test("a chunk over Blosc's largest block is not framed, one of that size is", () => {
  const largest = 715_827_542;
  const at = planArray(arrayMetadata([bytes, zlib], "uint8", [largest]));
  assert.equal(at.tier, "frame");
  const over = planArray(arrayMetadata([bytes, zlib], "uint8", [largest + 1]));
  assert(over.tier === "native");
  assert.match(over.reason, /715827543 bytes is over/);
  const beyond = planArray(arrayMetadata([bytes, zlib], "uint8", [2 ** 31, 2 ** 31]));
  assert.equal(beyond.tier, "native");
  assert.equal(planArray(arrayMetadata([bytes, gzip], "uint8", [2 ** 31])).tier, "pass");
});

Deno.test("an irregular chunk grid only passes", () => {
  const grid = { name: "rectilinear", configuration: {} };
  assert.equal(planArray({ ...arrayMetadata([little, gzip]), chunk_grid: grid }).tier, "pass");
  assert.equal(planArray({ ...arrayMetadata([little, zlib]), chunk_grid: grid }).tier, "native");
});

Deno.test("every chunk that numcodecs wrote for these tests has a portable tier", () => {
  const tiers = new Set(VECTORS.map(({ metadata, title }) => {
    const { tier } = planArray(metadata);
    assert.notEqual(tier, "native", title);
    return tier;
  }));
  assert.deepEqual(tiers, new Set(["pass", "frame", "transcode"]));
});
