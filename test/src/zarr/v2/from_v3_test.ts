import assert from "node:assert/strict";
import { type JsonObject, parseJson, stringifyJson } from "../../../../src/json.ts";
import type { ArrayMetadata } from "../../../../src/zarr/metadata.ts";
import { arrayToV2, groupToV2 } from "../../../../src/zarr/v2/from_v3.ts";

const ARRAY: ArrayMetadata = {
  zarr_format: 3,
  node_type: "array",
  shape: [5, 7],
  data_type: "int16",
  chunk_grid: { name: "regular", configuration: { chunk_shape: [2, 3] } },
  chunk_key_encoding: { name: "default", configuration: { separator: "/" } },
  fill_value: 0,
  codecs: [{ name: "bytes", configuration: { endian: "little" } }],
};
const NAN = "AAAAAAAA+H8=";

function toV2(members: string) {
  return arrayToV2({ ...ARRAY, ...parseJson(members) as object });
}

Deno.test("a portable v3 array becomes whole v2 documents", () => {
  const v2 = toV2(`{"fill_value":-1,"dimension_names":["y","x"],
    "attributes":{"_FillValue":-1,"scale_factor":1.0},
    "codecs":[{"name":"transpose","configuration":{"order":[1,0]}},
      {"name":"bytes","configuration":{"endian":"big"}},
      {"name":"blosc","configuration":{"typesize":2,"cname":"zlib","clevel":5,"shuffle":"shuffle","blocksize":0}}]}`);
  assert.deepEqual(JSON.parse(stringifyJson(v2)), {
    zarray: {
      zarr_format: 2,
      shape: [5, 7],
      chunks: [2, 3],
      dtype: ">i2",
      fill_value: -1,
      order: "F",
      filters: null,
      compressor: { id: "blosc", cname: "zlib", clevel: 5, shuffle: 1, blocksize: 0 },
      dimension_separator: ".",
    },
    zattrs: { scale_factor: 1, _ARRAY_DIMENSIONS: ["y", "x"] },
  });
  assert.equal((v2?.zattrs.scale_factor as { rawJSON?: string }).rawJSON, "1.0");
});

const BYTES = '{"name":"bytes","configuration":{"endian":"little"}}';

const PIPELINES: Array<[codecs: string, filters: string, compressor: string, dataType?: string]> = [
  [`[${BYTES}]`, "null", "null"],
  [`[${BYTES},{"name":"gzip","configuration":{"level":5}}]`, "null", '{"id":"gzip","level":5}'],
  [
    `[${BYTES},{"name":"zstd","configuration":{"level":3,"checksum":true}}]`,
    "null",
    '{"id":"zstd","level":3}',
  ],
  [
    `[${BYTES},{"name":"zstd"},{"name":"crc32c"}]`,
    '[{"id":"zstd","level":0}]',
    '{"id":"crc32c","location":"end"}',
  ],
  [
    '[{"name":"vlen-utf8"},{"name":"gzip"}]',
    '[{"id":"vlen-utf8"}]',
    '{"id":"gzip","level":1}',
    "string",
  ],
  ['[{"name":"vlen-bytes"}]', '[{"id":"vlen-bytes"}]', "null", "variable_length_bytes"],
  [`[{"name":"transpose","configuration":{"order":[0,1]}},${BYTES}]`, "null", "null"],
];

for (const [codecs, filters, compressor, dataType = "int16"] of PIPELINES) {
  Deno.test(`the codecs ${codecs} have the v2 form ${filters} ${compressor}`, () => {
    const v2 = toV2(
      `{"codecs":${codecs},"data_type":"${dataType}","fill_value":${
        dataType === "int16" ? 0 : '""'
      }}`,
    );
    assert.equal(stringifyJson(v2?.zarray.filters), filters);
    assert.equal(stringifyJson(v2?.zarray.compressor), compressor);
    assert.equal(v2?.zarray.order, "C");
    assert.equal(v2?.zarray.fill_value, null);
  });
}

const NO_FORM = [
  '{"codecs":[{"name":"sharding_indexed","configuration":{"chunk_shape":[1,1]}}]}',
  `{"shape":[2,3,4],"chunk_grid":{"name":"regular","configuration":{"chunk_shape":[2,3,4]}},
    "codecs":[{"name":"transpose","configuration":{"order":[1,0,2]}},${BYTES}]}`,
  `{"codecs":[{"name":"numcodecs.delta"},${BYTES}]}`,
  `{"codecs":[${BYTES},{"name":"numcodecs.zlib"}]}`,
  '{"data_type":"bfloat16"}',
  '{"data_type":"string"}',
  '{"codecs":[{"name":"vlen-utf8"}]}',
  '{"chunk_grid":{"name":"rectilinear"}}',
  '{"storage_transformers":[{"name":"x"}]}',
  `{"data_type":"complex64","fill_value":[0,0],"attributes":{"_FillValue":["${NAN}","${NAN}"]}}`,
];

for (const members of NO_FORM) {
  Deno.test(`a v3 array with ${members.replace(/\s+/g, "")} has no v2 form`, () => {
    assert.equal(toV2(members), undefined);
  });
}

/** data type, v3 fill value, attributes → v2 fill value, attributes. */
const MASKS: Array<[type: string, fill: string, from: string, v2: string, to: string]> = [
  // What is absent reads as zero, and nothing is masked.
  ["int16", "0", "{}", "null", "{}"],
  ["float32", "0.0", "{}", "null", "{}"],
  ["bool", "false", "{}", "null", "{}"],
  // The mask is the fill value.
  ["int16", "-1", '{"_FillValue":-1}', "-1", "{}"],
  ["int16", "0", '{"_FillValue":0}', "0", "{}"],
  ["float32", '"NaN"', `{"_FillValue":"${NAN}"}`, '"NaN"', "{}"],
  ["float64", "-9999.0", '{"_FillValue":"AAAAAICHw8A="}', "-9999.0", "{}"],
  [
    "int64",
    "9223372036854775807",
    '{"_FillValue":9223372036854775807}',
    "9223372036854775807",
    "{}",
  ],
  ["complex64", '["NaN",0.0]', `{"_FillValue":["${NAN}","AAAAAAAAAAA="]}`, '["NaN",0.0]', "{}"],
  // The mask is another value: what is absent must still read as the fill value.
  ["int16", "0", '{"_FillValue":-1}', "null", '{"_FillValue":-1}'],
  [
    "int64",
    "9223372036854775806",
    '{"_FillValue":9223372036854775807}',
    "9223372036854775806",
    '{"missing_value":9223372036854775807}',
  ],
  ["float32", "0.0", '{"_FillValue":"AAAAAICHw8A="}', "null", '{"_FillValue":-9999}'],
  ["float32", "0.0", '{"_FillValue":"AAAAAAAA8H8="}', "null", '{"_FillValue":1e999}'],
  ["float32", '"NaN"', '{"_FillValue":"AAAAAICHw8A="}', '"NaN"', '{"missing_value":-9999}'],
  ["int16", "7", '{"_FillValue":-1,"missing_value":-2}', "7", '{"missing_value":[-2,-1]}'],
  ["float32", "0.0", `{"_FillValue":"${NAN}"}`, "null", "{}"],
  // No mask: a fill value that is not zero has to be said all the same.
  ["float32", '"NaN"', "{}", '"NaN"', "{}"],
  ["int16", "7", "{}", "7", "{}"],
  // Other spellings.
  ["float32", '"0x7fc00000"', "{}", '"NaN"', "{}"],
  ["float32", '"0x3f800000"', "{}", "1", "{}"],
  ["float32", '"-Infinity"', "{}", '"-Infinity"', "{}"],
  ["r16", "[1,2]", "{}", '"AQI="', "{}"],
  ["float32", "0", '{"_FillValue":-9999.0}', "null", '{"_FillValue":-9999.0}'],
];

for (const [type, fill, from, v2, to] of MASKS) {
  Deno.test(`${type} filled with ${fill} and ${from} has v2 fill ${v2} and ${to}`, () => {
    const documents = toV2(`{"data_type":"${type}","fill_value":${fill},"attributes":${from}}`);
    assert.equal(stringifyJson(documents?.zarray.fill_value), v2);
    assert.equal(stringifyJson(documents?.zattrs), to);
  });
}

Deno.test("a v3 group becomes .zgroup and .zattrs", () => {
  const attributes = parseJson('{"a":1.0}') as JsonObject;
  assert.equal(
    stringifyJson(groupToV2({ zarr_format: 3, node_type: "group", attributes })),
    '{"zgroup":{"zarr_format":2},"zattrs":{"a":1.0}}',
  );
});
