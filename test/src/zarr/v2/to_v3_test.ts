import assert from "node:assert/strict";
import { IndexError } from "../../../../src/errors.ts";
import { type Json, type JsonObject, parseJson, stringifyJson } from "../../../../src/json.ts";
import { arrayFromV2, groupFromV2 } from "../../../../src/zarr/v2/to_v3.ts";

const BASE: JsonObject = {
  zarr_format: 2,
  shape: [4, 6],
  chunks: [2, 3],
  dtype: "<i2",
  fill_value: null,
  order: "C",
  filters: null,
  compressor: null,
};
const NAN = "AAAAAAAA+H8=";

/** The translation of {@link BASE} with JSON texts merged into its documents, as JSON values. */
// deno-lint-ignore no-explicit-any
function translated(zarray: string, zattrs = "{}"): any {
  const merged = { ...BASE, ...parseJson(zarray) as JsonObject };
  return arrayFromV2(merged, parseJson(zattrs) as JsonObject, "a/b");
}

Deno.test("a v2 array becomes a whole v3 document", () => {
  const { metadata, unsupported } = translated(
    `{"dtype":">i2","fill_value":-32767,"order":"F","dimension_separator":"/",
      "filters":[{"id":"shuffle","elementsize":2}],"compressor":{"id":"zlib","level":4}}`,
    `{"_ARRAY_DIMENSIONS":["y","x"],"units":"K","scale_factor":0.01,"valid_min":NaN}`,
  );
  assert.equal(unsupported, undefined);
  assert.deepEqual(JSON.parse(stringifyJson(metadata)), {
    zarr_format: 3,
    node_type: "array",
    shape: [4, 6],
    data_type: "int16",
    chunk_grid: { name: "regular", configuration: { chunk_shape: [2, 3] } },
    chunk_key_encoding: { name: "default", configuration: { separator: "/" } },
    fill_value: -32767,
    codecs: [
      { name: "transpose", configuration: { order: [1, 0] } },
      { name: "bytes", configuration: { endian: "big" } },
      { name: "numcodecs.shuffle", configuration: { elementsize: 2 } },
      { name: "numcodecs.zlib", configuration: { level: 4 } },
    ],
    attributes: { units: "K", scale_factor: 0.01, valid_min: "NaN", _FillValue: -32767 },
    dimension_names: ["y", "x"],
  });
});

/** dtype, v2 fill_value, v3 fill_value, `_FillValue` attribute; all as JSON text. */
const FILLS: Array<[dtype: string, fill: string, v3: string, attribute: string | undefined]> = [
  ['"|i1"', "null", "-127", undefined],
  ['"|u1"', "null", "255", undefined],
  ['"<i2"', "null", "-32767", undefined],
  ['"<i2"', "[null]", "-32767", undefined],
  ['"<u2"', "null", "65535", undefined],
  ['">i4"', "null", "-2147483647", undefined],
  ['"<u4"', "null", "4294967295", undefined],
  ['"<i8"', "null", "-9223372036854775806", undefined],
  ['"<u8"', "null", "18446744073709551614", undefined],
  ['"<i2"', "-32767", "-32767", "-32767"],
  ['"<i2"', "[-32767]", "-32767", "-32767"],
  ['"<i2"', "[[-32767]]", "-32767", "-32767"],
  ['"<i2"', "-99.0", "-99", "-99"],
  ['"<i2"', '"-99"', "-99", "-99"],
  ['"<i8"', "9223372036854775807", "9223372036854775807", "9223372036854775807"],
  ['"<i8"', "-9223372036854775808", "-9223372036854775808", "-9223372036854775808"],
  ['"<i8"', "9007199254740993", "9007199254740993", "9007199254740993"],
  ['"<u8"', "18446744073709551615", "18446744073709551615", "18446744073709551615"],
  ['"<f2"', "null", '"NaN"', undefined],
  ['"<f4"', "null", '"NaN"', undefined],
  ['">f8"', "null", '"NaN"', undefined],
  ['"<f4"', "-9999.0", "-9999.0", '"AAAAAICHw8A="'],
  ['"<f4"', "-9999.9", "-9999.9", '"AAAAQPOHw8A="'], // rounded to float32 first
  ['"<f8"', "-9999.9", "-9999.9", '"MzMzM/OHw8A="'],
  ['"<f4"', "NaN", '"NaN"', `"${NAN}"`],
  ['"<f4"', '"NaN"', '"NaN"', `"${NAN}"`],
  ['"<f4"', '"nan"', '"NaN"', `"${NAN}"`],
  ['"<f4"', "Infinity", '"Infinity"', '"AAAAAAAA8H8="'],
  ['"<f4"', '"-inf"', '"-Infinity"', '"AAAAAAAA8P8="'],
  ['"<f4"', "1E39", '"Infinity"', '"AAAAAAAA8H8="'],
  ['"<f8"', "1E400", '"Infinity"', '"AAAAAAAA8H8="'],
  ['"<f8"', "-0.0", "-0.0", '"AAAAAAAAAIA="'],
  ['"<f8"', '"1.5"', "1.5", '"AAAAAAAA+D8="'],
  ['"<f2"', "1.1", "1.1", '"AAAAAACY8T8="'],
  ['"|b1"', "null", "false", undefined],
  ['"|b1"', "true", "true", "true"],
  ['"|b1"', "0", "false", "false"],
  ['"<c8"', "null", '["NaN","NaN"]', undefined],
  ['"<c8"', '[1.0,"NaN"]', '[1.0,"NaN"]', `["AAAAAAAA8D8=","${NAN}"]`],
  ['"<c16"', "[[0.0,1.0]]", "[0.0,1.0]", '["AAAAAAAAAAA=","AAAAAAAA8D8="]'],
  ['"<c16"', "2", "[2,0]", '["AAAAAAAAAEA=","AAAAAAAAAAA="]'],
  ['"<M8[ns]"', "null", '"NaT"', undefined],
  ['"<M8[ns]"', '"NaT"', '"NaT"', undefined],
  ['"<M8[ns]"', "-9223372036854775808", '"NaT"', undefined],
  ['"<m8[s]"', "7", "7", undefined],
  ['"|S3"', "null", '""', undefined],
  ['"|S3"', '"YWI="', '"YWI="', undefined],
  ['"|S3"', "0", '""', undefined],
  ['"|V4"', "null", '"AAAAAA=="', undefined],
  ['"|V4"', '"AQI="', '"AQIAAA=="', undefined],
  ['"<U3"', "null", '""', undefined],
  ['"<U3"', '"ab"', '"ab"', undefined],
  ['[["a","<i2"],["b","|u1"]]', "null", '"AAAA"', undefined],
  ['[["a","<i2"],["b","|u1"]]', '"AQID"', '"AQID"', undefined],
  ['[["a","<i2"],["b","|u1"]]', "0", '"AAAA"', undefined],
];

for (const [dtype, fill, v3, attribute] of FILLS) {
  Deno.test(`fill_value ${fill} of ${dtype} becomes ${v3} with _FillValue ${attribute}`, () => {
    const { metadata } = translated(`{"dtype":${dtype},"fill_value":${fill}}`);
    assert.equal(stringifyJson(metadata.fill_value), v3);
    const written = metadata.attributes._FillValue;
    assert.equal(written === undefined ? undefined : stringifyJson(written), attribute);
  });
}

const TEXT_FILLS: Array<[fill: string, v3: string, attributes: string]> = [
  ["null", '""', "{}"],
  ['""', '""', '{"missing_value":""}'],
  ['"none"', '"none"', '{"missing_value":"none"}'],
  ["0", '"0"', '{"missing_value":"0"}'],
];

for (const [fill, v3, attributes] of TEXT_FILLS) {
  Deno.test(`fill_value ${fill} of text of any length becomes ${v3} and ${attributes}`, () => {
    const { metadata } = translated(
      `{"dtype":"|O","filters":[{"id":"vlen-utf8"}],"fill_value":${fill}}`,
    );
    assert.equal(stringifyJson(metadata.fill_value), v3);
    assert.equal(stringifyJson(metadata.attributes), attributes);
    assert.deepEqual(metadata.codecs, [{ name: "vlen-utf8" }]);
  });
}

/** dtype, v2 fill_value, attributes in, attributes out; what xarray makes of them is in test/peers. */
const ATTRIBUTES: Array<[dtype: string, fill: string, from: string, to: string]> = [
  ["<i2", "null", '{"_FillValue":-5}', '{"_FillValue":-5}'],
  ["<i2", "null", '{"_FillValue":-5.0}', '{"_FillValue":-5}'],
  ["<i2", "null", '{"_FillValue":[-5]}', '{"_FillValue":-5}'],
  ["<i2", "null", '{"_FillValue":[-5,3]}', '{"_FillValue":-5,"missing_value":3}'],
  ["<i2", "null", '{"_FillValue":-5.5}', '{"missing_value":-5.5}'],
  ["<i2", "null", '{"_FillValue":NaN}', "{}"],
  ["<i2", "null", '{"_FillValue":null}', "{}"],
  ["<i2", "null", '{"_FillValue":"none"}', '{"missing_value":"none"}'],
  ["<i2", "7", '{"_FillValue":-5}', '{"_FillValue":7}'],
  ["<i8", "null", '{"_FillValue":9007199254740993}', '{"_FillValue":9007199254740993}'],
  ["<i2", "null", '{"missing_value":-5}', '{"missing_value":-5}'],
  ["<i2", "null", '{"missing_value":[-5.0]}', '{"missing_value":[-5.0]}'],
  ["<i2", "null", '{"missing_value":NaN}', "{}"],
  ["<i2", "-5", '{"missing_value":NaN}', '{"_FillValue":-5}'],
  ["<i2", "null", '{"missing_value":[NaN,-5]}', '{"missing_value":-5}'],
  ["<i2", "null", '{"missing_value":Infinity}', '{"missing_value":1e999}'],
  ["<f4", "null", '{"_FillValue":-9999.9}', '{"_FillValue":"MzMzM/OHw8A="}'],
  ["<f4", "null", '{"_FillValue":NaN}', `{"_FillValue":"${NAN}"}`],
  ["<f4", "null", `{"_FillValue":"${NAN}"}`, `{"missing_value":"${NAN}"}`],
  ["<f4", "null", '{"missing_value":NaN}', `{"_FillValue":"${NAN}"}`],
  ["<f4", "null", '{"missing_value":-Infinity}', '{"_FillValue":"AAAAAAAA8P8="}'],
  [
    "<f4",
    "0",
    '{"missing_value":-Infinity}',
    '{"_FillValue":"AAAAAAAAAAA=","missing_value":-1e999}',
  ],
  ["|b1", "null", '{"_FillValue":0}', '{"_FillValue":false}'],
  ["|b1", "null", '{"_FillValue":2}', '{"missing_value":2}'],
  ["|i1", "-1", '{"_Unsigned":"true"}', '{"_Unsigned":"true","_FillValue":-1}'],
  ["|u1", "255", '{"_Unsigned":"false"}', '{"_Unsigned":"false","_FillValue":-1}'],
  ["|u1", "255", '{"_Unsigned":"true"}', '{"_Unsigned":"true","_FillValue":255}'],
  ["<U3", "null", '{"_FillValue":"NaN"}', '{"missing_value":"NaN"}'],
  ["<U3", '"a"', '{"missing_value":"b"}', '{"missing_value":["b","a"]}'],
  ["|S3", '"YQ=="', '{"_FillValue":"b"}', "{}"],
  ["<M8[s]", "7", '{"_FillValue":7}', "{}"],
  [
    "<i2",
    "null",
    '{"valid_max":Infinity,"scale_factor":1.0}',
    '{"valid_max":"Infinity","scale_factor":1.0}',
  ],
  ["<i2", "null", '{"_nczarr_attr":{},"_NCProperties":"x","a":1}', '{"a":1}'],
  ["<i2", "null", '{"__proto__":1}', '{"__proto__":1}'],
];

for (const [dtype, fill, from, to] of ATTRIBUTES) {
  Deno.test(`attributes ${from} of ${dtype} filled with ${fill} become ${to}`, () => {
    const { metadata } = translated(`{"dtype":"${dtype}","fill_value":${fill}}`, from);
    assert.equal(stringifyJson(metadata.attributes), to);
  });
}

const LE2 = '{"name":"bytes","configuration":{"endian":"little"}}';

/** `.zarray` members in, codecs out, and the reason if v3 cannot say it. */
const CODECS: Array<[zarray: string, codecs: string, unsupported?: RegExp]> = [
  ["{}", `[${LE2}]`],
  ['{"filters":[]}', `[${LE2}]`],
  ['{"dtype":"|u1"}', '[{"name":"bytes"}]'],
  ['{"dtype":"|S4"}', '[{"name":"bytes"}]'],
  ['{"order":"F","shape":[3],"chunks":[3]}', `[${LE2}]`],
  [
    '{"order":"F","shape":[3,4,5],"chunks":[3,4,5]}',
    `[{"name":"transpose","configuration":{"order":[2,1,0]}},${LE2}]`,
  ],
  [
    '{"compressor":{"id":"gzip","level":9}}',
    `[${LE2},{"name":"gzip","configuration":{"level":9}}]`,
  ],
  ['{"compressor":{"id":"gzip"}}', `[${LE2},{"name":"gzip","configuration":{"level":1}}]`],
  [
    '{"compressor":{"id":"zstd","level":3}}',
    `[${LE2},{"name":"zstd","configuration":{"level":3,"checksum":false}}]`,
  ],
  [
    '{"compressor":{"id":"blosc","cname":"zstd","clevel":3,"shuffle":2,"blocksize":0}}',
    `[${LE2},{"name":"blosc","configuration":{"typesize":2,"cname":"zstd","clevel":3,"shuffle":"bitshuffle","blocksize":0}}]`,
  ],
  [
    '{"compressor":{"id":"blosc","shuffle":-1}}',
    `[${LE2},{"name":"blosc","configuration":{"typesize":2,"cname":"lz4","clevel":5,"shuffle":"shuffle","blocksize":0}}]`,
  ],
  [
    '{"dtype":"|u1","compressor":{"id":"blosc","shuffle":-1}}',
    '[{"name":"bytes"},{"name":"blosc","configuration":{"typesize":1,"cname":"lz4","clevel":5,"shuffle":"bitshuffle","blocksize":0}}]',
  ],
  [
    '{"compressor":{"id":"numcodecs.zstd","level":3,"checksum":true}}',
    `[${LE2},{"name":"zstd","configuration":{"level":3,"checksum":true}}]`,
  ],
  ['{"filters":[{"id":"crc32c"}]}', `[${LE2},{"name":"crc32c"}]`],
  [
    '{"filters":[{"id":"crc32c","location":"start"}]}',
    `[${LE2},{"name":"numcodecs.crc32c","configuration":{"location":"start"}}]`,
  ],
  [
    '{"filters":[{"id":"shuffle"}]}',
    `[${LE2},{"name":"numcodecs.shuffle","configuration":{"elementsize":4}}]`,
  ],
  [
    '{"filters":[{"id":"shuffle","elementsize":2},{"id":"zlib","level":4},{"id":"fletcher32"}]}',
    `[${LE2},{"name":"numcodecs.shuffle","configuration":{"elementsize":2}},{"name":"numcodecs.zlib","configuration":{"level":4}},{"name":"numcodecs.fletcher32","configuration":{}}]`,
  ],
  [
    '{"compressor":[{"id":"shuffle","elementsize":2},{"id":"zlib","level":4}]}',
    `[${LE2},{"name":"numcodecs.shuffle","configuration":{"elementsize":2}},{"name":"numcodecs.zlib","configuration":{"level":4}}]`,
  ],
  [
    '{"filters":[{"id":"delta","dtype":"<i2"}],"compressor":{"id":"bz2","level":1}}',
    `[{"name":"numcodecs.delta","configuration":{"dtype":"<i2"}},${LE2},{"name":"numcodecs.bz2","configuration":{"level":1}}]`,
  ],
  [
    '{"dtype":"<f8","filters":[{"id":"fixedscaleoffset","offset":0,"scale":10.0,"dtype":"<f8","astype":">i2"}]}',
    '[{"name":"numcodecs.fixedscaleoffset","configuration":{"offset":0,"scale":10.0,"dtype":"<f8","astype":"<i2"}},{"name":"bytes","configuration":{"endian":"big"}}]',
  ],
  [
    '{"dtype":"<f8","filters":[{"id":"fixedscaleoffset","offset":0,"scale":10,"dtype":"<f8","astype":"|u1"}]}',
    '[{"name":"numcodecs.fixedscaleoffset","configuration":{"offset":0,"scale":10,"dtype":"<f8","astype":"|u1"}},{"name":"bytes"}]',
  ],
  [
    '{"filters":[{"id":"astype","encode_dtype":">f4","decode_dtype":"<i2"}]}',
    '[{"name":"numcodecs.astype","configuration":{"encode_dtype":"<f4","decode_dtype":"<i2"}},{"name":"bytes","configuration":{"endian":"big"}}]',
  ],
  [
    '{"dtype":"|b1","filters":[{"id":"packbits"}]}',
    '[{"name":"numcodecs.packbits","configuration":{}},{"name":"bytes"}]',
  ],
  [
    '{"compressor":{"id":"pcodec","level":8}}',
    '[{"name":"numcodecs.pcodec","configuration":{"level":8}}]',
  ],
  [
    '{"filters":[{"id":"grib","var":"t"}]}',
    '[{"name":"numcodecs.grib","configuration":{"var":"t"}}]',
  ],
  [
    '{"filters":[{"id":"imagecodecs_delta"}],"compressor":{"id":"zlib","level":1}}',
    `[{"name":"numcodecs.imagecodecs_delta","configuration":{}},${LE2},{"name":"numcodecs.zlib","configuration":{"level":1}}]`,
  ],
  [
    '{"dtype":"|O","filters":[{"id":"vlen-bytes"}],"compressor":{"id":"zstd","level":1}}',
    '[{"name":"vlen-bytes"},{"name":"zstd","configuration":{"level":1,"checksum":false}}]',
  ],
  [
    '{"dtype":"|O","filters":[{"id":"json2","encoding":"utf-8"}]}',
    '[{"name":"numcodecs.json2","configuration":{"encoding":"utf-8"}}]',
    /json2/,
  ],
  ['{"dtype":"|O"}', '[{"name":"bytes"}]', /Python objects/],
  [
    '{"filters":[{"id":"shuffle","elementsize":2},{"id":"delta","dtype":"<i2"}]}',
    `[${LE2},{"name":"numcodecs.shuffle","configuration":{"elementsize":2}},{"name":"numcodecs.delta","configuration":{"dtype":"<i2"}}]`,
    /filter delta/,
  ],
  ['{"dtype":[["a","<i2"]]}', `[${LE2}]`, /structured/],
  ['{"dtype":"<f16"}', '[{"name":"bytes"}]', /precision/],
];

for (const [zarray, codecs, unsupported] of CODECS) {
  Deno.test(`the codecs of ${zarray} are ${codecs}`, () => {
    const result = translated(zarray);
    assert.equal(stringifyJson(result.metadata.codecs), codecs);
    if (unsupported) assert.match(result.unsupported, unsupported);
    else assert.equal(result.unsupported, undefined);
  });
}

Deno.test("dimensions of length 0 get chunks of length 1, scalars none", () => {
  const empty = translated('{"shape":[0,6],"chunks":[0,3]}').metadata;
  assert.deepEqual([empty.shape, empty.chunk_grid.configuration.chunk_shape], [[0, 6], [1, 3]]);
  const scalar = translated('{"shape":[],"chunks":[],"order":"F"}', '{"_ARRAY_DIMENSIONS":[]}');
  assert.deepEqual(scalar.metadata.chunk_grid.configuration.chunk_shape, []);
  assert.deepEqual(scalar.metadata.dimension_names, []);
});

Deno.test("dimensions beyond 2^32 keep their length", () => {
  const { metadata } = translated('{"shape":[8589934593,3],"chunks":[4294967297,1]}');
  assert.deepEqual(metadata.shape, [8589934593, 3]);
  assert.deepEqual(metadata.chunk_grid.configuration.chunk_shape, [4294967297, 1]);
});

Deno.test("NCZarr's dimension references name the dimensions where no attribute does", () => {
  const { metadata } = translated('{"_NCZARR_ARRAY":{"dimrefs":["/y","/group/x"]}}');
  assert.deepEqual(metadata.dimension_names, ["y", "x"]);
});

Deno.test("dimension names of another rank stay an attribute", () => {
  const { metadata } = translated("{}", '{"_ARRAY_DIMENSIONS":["y"]}');
  assert.equal(metadata.dimension_names, undefined);
  assert.deepEqual(metadata.attributes, { _ARRAY_DIMENSIONS: ["y"] });
});

const NAMED_MISSING: Array<[dtype: string, attributes: string, fill: string]> = [
  ["<i2", '{"_FillValue":-5,"missing_value":-9}', "-5"],
  ["<i2", '{"missing_value":[-9.0]}', "-9"],
  ["<i2", '{"_FillValue":-5.5,"missing_value":-9}', "-9"],
  ["<i2", '{"_FillValue":"-5"}', "-32767"],
  ["|u1", '{"_FillValue":-999}', "255"],
  ["<f4", '{"_FillValue":-9999}', "-9999"],
  ["<f4", '{"_FillValue":-9999.9}', '"NaN"'],
  ["<f4", '{"_FillValue":NaN}', '"NaN"'],
  ["<M8[s]", '{"_FillValue":7}', '"NaT"'],
];

for (const [dtype, attributes, fill] of NAMED_MISSING) {
  Deno.test(`a null fill_value of ${dtype} with attributes ${attributes} becomes ${fill}`, () => {
    const { metadata } = translated(`{"dtype":"${dtype}","fill_value":null}`, attributes);
    assert.equal(stringifyJson(metadata.fill_value), fill);
  });
}

const NO_FILL: Array<[zarray: string, reason: RegExp]> = [
  ['{"fill_value":40000}', /^its fill_value 40000 is not a value of int16$/],
  ['{"fill_value":1.5}', /fill_value 1.5/],
  ['{"fill_value":"NaN"}', /fill_value "NaN"/],
  ['{"fill_value":[1,2]}', /fill_value \[1,2\]/],
  ['{"fill_value":{}}', /fill_value \{\}/],
  ['{"dtype":"<u8","fill_value":-1}', /fill_value -1/],
  ['{"dtype":"<u8","fill_value":18446744073709551616}', /fill_value/],
  ['{"dtype":"<f4","fill_value":"cold"}', /fill_value "cold"/],
  ['{"dtype":"<f4","fill_value":"0x10"}', /fill_value "0x10"/],
  ['{"dtype":"<c8","fill_value":[1,2,3]}', /fill_value/],
  ['{"dtype":"|S2","fill_value":"YWJj"}', /fill_value/],
  ['{"dtype":"|S2","fill_value":"!"}', /fill_value/],
  ['{"dtype":"|b1","fill_value":"false"}', /fill_value/],
];

for (const [zarray, reason] of NO_FILL) {
  Deno.test(`${zarray} keeps that array alone from being served, saying why`, () => {
    const { metadata, unsupported } = translated(zarray);
    assert.match(unsupported ?? "", reason);
    assert.notEqual(metadata.fill_value, undefined);
  });
}

const MALFORMED: Array<[zarray: string, message: RegExp]> = [
  ['{"zarr_format":3}', /zarr_format is 3/],
  ['{"shape":[-3,6]}', /shape\[0\] is -3/],
  ['{"shape":[1.5,6]}', /shape\[0\] is 1.5/],
  ['{"shape":[1e30,6]}', /shape\[0\] is 1e30/],
  ['{"shape":[1E400,6]}', /shape\[0\] is 1E400/],
  ['{"shape":["4",6]}', /shape\[0\] is "4"/],
  ['{"shape":[null,6]}', /shape\[0\] is null/],
  ['{"shape":4}', /shape is 4/],
  ['{"chunks":[2]}', /chunks has 1 dimensions, shape has 2/],
  ['{"chunks":[2,-1]}', /chunks\[1\] is -1/],
  ['{"chunks":[9007199254740991,2]}', /over 2\^53 bytes/],
  ['{"chunks":true}', /chunks is true/],
  ['{"dtype":"<q8"}', /dtype "<q8" is not known/],
  ['{"order":"K"}', /order is "K"/],
  ['{"filters":[{}]}', /filters has \{\}, which names no codec/],
  ['{"filters":"zlib"}', /filters has "zlib"/],
  ['{"compressor":[null]}', /compressor has null/],
  ['{"compressor":{"id":5}}', /compressor has/],
];

for (const [zarray, message] of MALFORMED) {
  Deno.test(`${zarray} is refused, saying where and what`, () => {
    assert.throws(() => translated(zarray), (error: unknown) => {
      assert.ok(error instanceof IndexError);
      assert.equal(error.code, "index-invalid");
      assert.match(error.message, /^Cannot read the \.zarray of "a\/b": /);
      assert.match(error.message, message);
      return true;
    });
  });
}

Deno.test("any member may be anything: a translation or an IndexError, never a crash", () => {
  const junk = 'null|true|0|-1|1.5|1e400|NaN|""|"x"|[]|[[]]|[null]|[{}]|{}|[1,2]|[-1]|["a","b"]|' +
    '{"id":"zlib"}|{"__proto__":{}}|[["a","<i2"]]|18446744073709551616|"<i2"|[["a",[["b","<i2"]],[2]]]';
  const members = [...Object.keys(BASE), "dimension_separator", "_NCZARR_ARRAY"];
  const dtypes = ["<i2", "<f4", "|b1", "<c8", "<M8[s]", "|S3", "<U3", "|V4", "|O"];
  const outcomes = { translated: 0, refused: 0 };
  for (const text of junk.split("|")) {
    for (
      const member of [...members, "_FillValue", "missing_value", "_ARRAY_DIMENSIONS", "_Unsigned"]
    ) {
      for (const dtype of dtypes) {
        const zattrs = { [member]: parseJson(text) };
        const zarray = { ...BASE, dtype, ...(members.includes(member) ? zattrs : {}) };
        try {
          const { metadata } = arrayFromV2(zarray, zattrs as JsonObject);
          JSON.parse(stringifyJson(metadata));
          outcomes.translated++;
        } catch (error) {
          assert.ok(error instanceof IndexError, `${member} ${text}: ${error}`);
          outcomes.refused++;
        }
      }
    }
  }
  assert.ok(outcomes.translated > 500 && outcomes.refused > 500, JSON.stringify(outcomes));
});

Deno.test("a v2 group keeps its attributes", () => {
  assert.equal(
    stringifyJson(groupFromV2(parseJson('{"title":"x","v":NaN,"n":1.0}') as JsonObject)),
    '{"zarr_format":3,"node_type":"group","attributes":{"title":"x","v":"NaN","n":1.0}}',
  );
  assert.throws(() => groupFromV2([] as Json as JsonObject, "g"), IndexError);
});
