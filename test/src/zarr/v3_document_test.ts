import assert from "node:assert/strict";
import { IndexError } from "../../../src/errors.ts";
import { type JsonObject, parseJson, stringifyJson } from "../../../src/json.ts";
import { chunkLayout } from "../../../src/zarr/chunk_grid.ts";
import type { ArrayMetadata } from "../../../src/zarr/metadata.ts";
import { parseZarrJson } from "../../../src/zarr/v3_document.ts";

const ARRAY = `{"zarr_format":3,"node_type":"array","shape":[5,7],"data_type":"int16",
  "chunk_grid":{"name":"regular","configuration":{"chunk_shape":[2,3]}},
  "chunk_key_encoding":{"name":"default","configuration":{"separator":"/"}},
  "fill_value":-1,"codecs":[{"name":"bytes","configuration":{"endian":"little"}}]}`;

/** {@link ARRAY} with members replaced, or removed by null. */
function parsed(members: string): ArrayMetadata {
  const merged = { ...parseJson(ARRAY) as JsonObject, ...parseJson(members) as JsonObject };
  const text = stringifyJson(merged);
  return parseZarrJson(new TextEncoder().encode(text), "a/b") as ArrayMetadata;
}

Deno.test("a plain zarr.json is read as it stands", () => {
  assert.equal(stringifyJson(parsed("{}")), stringifyJson(parseJson(ARRAY)));
  assert.deepEqual(chunkLayout(parsed("{}"))?.grid, [3, 3]);
});

/** Members put into the document, and what the metadata then has of them. */
const TOLERATED: Array<[members: string, member: keyof ArrayMetadata, value: string | undefined]> =
  [
    ['{"consolidated_metadata":null}', "node_type", '"array"'],
    ['{"storage_transformers":[]}', "storage_transformers", undefined],
    ['{"storage_transformers":null}', "storage_transformers", undefined],
    ['{"storage_transformers":[{"name":"x"}]}', "storage_transformers", '[{"name":"x"}]'],
    ['{"dimension_names":null}', "dimension_names", undefined],
    ['{"dimension_names":["y",null]}', "dimension_names", '["y",null]'],
    ['{"attributes":null}', "attributes", undefined],
    [
      '{"attributes":{"_FillValue":1.0,"a":18446744073709551615}}',
      "attributes",
      '{"_FillValue":1.0,"a":18446744073709551615}',
    ],
    ['{"data_type":{"name":"int16"}}', "data_type", '"int16"'],
    ['{"data_type":{"name":"int16","configuration":{}}}', "data_type", '"int16"'],
    [
      '{"data_type":{"name":"numpy.datetime64","configuration":{"unit":"s","scale_factor":1}}}',
      "data_type",
      '{"name":"numpy.datetime64","configuration":{"unit":"s","scale_factor":1}}',
    ],
    [
      '{"data_type":"int64","fill_value":-9223372036854775808}',
      "fill_value",
      "-9223372036854775808",
    ],
    ['{"fill_value":null}', "fill_value", "0"],
    [
      '{"chunk_key_encoding":"default"}',
      "chunk_key_encoding",
      '{"name":"default","configuration":{"separator":"/"}}',
    ],
    [
      '{"chunk_key_encoding":{"name":"v2"}}',
      "chunk_key_encoding",
      '{"name":"v2","configuration":{"separator":"."}}',
    ],
    [
      '{"shape":[0,7],"chunk_grid":{"name":"regular","configuration":{"chunk_shape":[0,3]}}}',
      "chunk_grid",
      '{"name":"regular","configuration":{"chunk_shape":[1,3]}}',
    ],
    [
      '{"codecs":["bytes",{"name":"zstd"}]}',
      "codecs",
      '[{"name":"bytes","configuration":{"endian":"little"}},' +
      '{"name":"zstd"}]',
    ],
    ['{"data_type":"uint8","codecs":[{"name":"bytes"}]}', "codecs", '[{"name":"bytes"}]'],
    [
      '{"codecs":[{"name":"bytes","configuration":{"endian":"big"}},{"name":"numcodecs.blosc","configuration":{"cname":"lz4","clevel":5,"shuffle":1,"blocksize":0}}]}',
      "codecs",
      '[{"name":"bytes","configuration":{"endian":"big"}},{"name":"numcodecs.blosc","configuration":{"cname":"lz4","clevel":5,"shuffle":1,"blocksize":0}}]',
    ],
    [
      '{"codecs":["bytes",{"name":"numcodecs.zlib","configuration":{"level":1}}]}',
      "codecs",
      '[{"name":"bytes","configuration":{"endian":"little"}},{"name":"numcodecs.zlib","configuration":{"level":1}}]',
    ],
    [
      '{"codecs":["bytes",{"name":"numcodecs.shuffle","configuration":{"elementsize":null}}]}',
      "codecs",
      '[{"name":"bytes","configuration":{"endian":"little"}},{"name":"numcodecs.shuffle","configuration":{"elementsize":null}}]',
    ],
    ['{"new":{"name":"x","must_understand":false}}', "node_type", '"array"'],
  ];

for (const [members, member, value] of TOLERATED) {
  Deno.test(`zarr.json with ${members} has ${member} ${value}`, () => {
    const written = parsed(members)[member];
    assert.equal(written === undefined ? undefined : stringifyJson(written), value);
  });
}

const REFUSED: Array<[members: string, message: RegExp]> = [
  ['{"zarr_format":2}', /zarr_format is 2/],
  ['{"node_type":"tree"}', /node_type is "tree"/],
  ['{"shape":[-1,7]}', /shape\[0\] is -1/],
  ['{"shape":null}', /shape is null/],
  ['{"shape":[9007199254740993,7]}', /shape\[0\]/],
  ['{"data_type":null}', /data_type is null/],
  ['{"data_type":["int16"]}', /data_type is/],
  ['{"data_type":"numpy.datetime64"}', /needs a configuration/],
  ['{"data_type":{"name":"raw_bytes","configuration":{"length_bytes":-1}}}', /has no size/],
  ['{"chunk_grid":null}', /chunk_grid is null/],
  ['{"chunk_grid":{"name":"regular"}}', /chunk_shape is missing/],
  [
    '{"chunk_grid":{"name":"regular","configuration":{"chunk_shape":[2]}}}',
    /chunk_shape has 1 dimensions, shape has 2/,
  ],
  [
    '{"chunk_grid":{"name":"regular","configuration":{"chunk_shape":[2,0]}}}',
    /chunk_shape\[1\] is 0 where shape\[1\] is 7/,
  ],
  [
    '{"shape":[5,7000000000],"chunk_grid":{"name":"regular","configuration":{"chunk_shape":[1,1]}}}',
    /more chunks than can be counted/,
  ],
  ['{"chunk_key_encoding":{"name":"default","configuration":{"separator":"-"}}}', /separator/],
  ['{"codecs":[]}', /codecs is \[\]/],
  ['{"codecs":[5]}', /codecs\[0\] is 5/],
  ['{"codecs":[{"name":"gzip","configuration":[]}]}', /configuration of codecs\[0\]/],
  ['{"attributes":[]}', /attributes is/],
  ['{"dimension_names":["y"]}', /dimension_names/],
  ['{"dimension_names":["y",5]}', /dimension_names/],
  ['{"storage_transformers":{}}', /storage_transformers/],
  ['{"new":{"name":"x"}}', /"new" that is not understood/],
  ['{"new":1}', /"new" that is not understood/],
];

for (const [members, message] of REFUSED) {
  Deno.test(`zarr.json with ${members} is refused`, () => {
    assert.throws(() => parsed(members), (error: unknown) => {
      assert.ok(error instanceof IndexError);
      assert.match(error.message, /^Cannot read the zarr\.json of "a\/b": /);
      assert.match(error.message, message);
      return true;
    });
  });
}

Deno.test("zarr.json that is not JSON, or not UTF-8, is an IndexError", () => {
  for (const bytes of [[], [0x7b], [0xff, 0xfe], [0x5b, 0x5d], [0x6e, 0x75, 0x6c, 0x6c]]) {
    assert.throws(() => parseZarrJson(Uint8Array.from(bytes)), IndexError);
  }
});

Deno.test("a group is read without the metadata consolidated in it", () => {
  const text = `{"zarr_format":3,"node_type":"group","attributes":{"a":NaN},
    "consolidated_metadata":{"kind":"inline","must_understand":false,"metadata":{}}}`;
  assert.equal(
    stringifyJson(parseZarrJson(new TextEncoder().encode(text))),
    '{"zarr_format":3,"node_type":"group","attributes":{"a":"NaN"}}',
  );
});

Deno.test("a chunk grid that is not regular is kept, and has no layout", () => {
  const metadata = parsed('{"chunk_grid":{"name":"rectilinear","configuration":{"a":1}}}');
  assert.equal(metadata.chunk_grid.name, "rectilinear");
  assert.equal(chunkLayout(metadata), undefined);
});
