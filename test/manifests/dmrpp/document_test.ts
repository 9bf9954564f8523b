/** What each element of a DMR++ document becomes; DMR++ documents that OPeNDAP wrote; broken ones. */

import assert from "node:assert/strict";
import { deflateSync } from "node:zlib";
import { dmrpp } from "../../../manifests/dmrpp/mod.ts";
import { openManifest } from "../../../manifests/mod.ts";
import { SluiceError } from "../../../src/errors.ts";
import type { ArrayNode, Manifest } from "../../../src/manifest.ts";
import { mutated, randomNumbers, ROUNDS, SEED } from "../../mutations.ts";
import { memoryOrigin, openOptions } from "../memory_origin.ts";

const PLACE = "https://h/a/x.nc.dmrpp";
const DATA = "https://h/a/x.nc";

function documentOf(content: string, root = "", encoding = "ISO-8859-1"): string {
  return `<?xml version="1.0" encoding="${encoding}"?>
<Dataset xmlns="http://xml.opendap.org/ns/DAP/4.0#"
  xmlns:dmrpp="http://xml.opendap.org/dap/dmrpp/1.0.0#" name="x.nc" ${root}>
<Dimension name="y" size="4"/><Dimension name="x" size="6"/>${content}</Dataset>`;
}

const GRID = '<Dim name="/y"/><Dim name="/x"/>';

async function open(document: string | Uint8Array, place = PLACE): Promise<Manifest> {
  const { origin } = memoryOrigin({ [place]: document });
  return await dmrpp.open(new URL(place), origin, openOptions());
}

async function arrayAt(manifest: Manifest, path: string): Promise<ArrayNode> {
  const node = await manifest.node(path);
  assert.ok(node?.type === "array", path);
  return node;
}

/** A reference as short text: `x.nc 10+20 e1`. */
async function refText(manifest: Manifest, path: string, coords: number[]): Promise<string> {
  const text = (ref: Awaited<ReturnType<Manifest["chunk"]>>): string => {
    if (!ref) return "absent";
    const encoding = ref.encoding ? ` e${ref.encoding}` : "";
    if (ref.kind === "inline") return `inline ${ref.bytes.toHex()}${encoding}`;
    if (ref.kind === "concat") return `[${ref.parts.map(text).join(" | ")}]${encoding}`;
    if (ref.kind === "object") return ref.file.url.href;
    return `${
      ref.file.url.href.replace("https://h/a/", "")
    } ${ref.offset}+${ref.length}${encoding}`;
  };
  return text(await manifest.chunk(path, coords));
}

const b64 = (bytes: ArrayLike<number>) => Uint8Array.from(bytes).toBase64();
const SIX = "<Dim size='6'/>";

/** Element → type of the variable, its children, chunk coordinates → reference. */
const CASES: ReadonlyArray<
  readonly [
    what: string,
    type: string,
    content: string,
    refs: Readonly<Record<string, string>>,
  ]
> = [
  [
    "a chunk without `chunks` is contiguous",
    "Int16",
    `${GRID}<dmrpp:chunk offset="10" nBytes="48"/>`,
    { "0,0": "x.nc 10+48" },
  ],
  [
    "chunks without a shape are contiguous",
    "Int16",
    `${GRID}<dmrpp:chunks byteOrder="LE"><dmrpp:chunk offset="10" nBytes="48"/></dmrpp:chunks>`,
    { "0,0": "x.nc 10+48" },
  ],
  [
    "a scalar's chunk has no place",
    "Int16",
    `<dmrpp:chunks><dmrpp:chunk offset="10" nBytes="2"/></dmrpp:chunks>`,
    { "": "x.nc 10+2" },
  ],
  [
    "chunks stand at elements; masks and files are their own; one that is not there is absent",
    "Int16",
    `${GRID}<dmrpp:chunks compressionType="shuffle deflate" fillValue="-32767">
      <dmrpp:chunkDimensionSizes>2 3</dmrpp:chunkDimensionSizes>
      <dmrpp:chunk offset="10" nBytes="9" chunkPositionInArray="[0,0]"/>
      <dmrpp:chunk offset="20" nBytes="9" chunkPositionInArray="[2,3]" fm="1"/>
      <dmrpp:chunk offset="30" nBytes="12" chunkPositionInArray="[0,3]" fm="3" href="b.h5"/>
    </dmrpp:chunks>`,
    { "0,0": "x.nc 10+9", "1,1": "x.nc 20+9 e1", "0,1": "b.h5 30+12 e3", "1,0": "absent" },
  ],
  [
    "blocks are one array; those one behind the other one range",
    "Int16",
    `${GRID}<dmrpp:chunks><dmrpp:block offset="10" nBytes="20"/><dmrpp:block offset="30" nBytes="8"/>
      <dmrpp:block offset="90" nBytes="20"/></dmrpp:chunks>`,
    { "0,0": "[x.nc 10+28 | x.nc 90+20]" },
  ],
  [
    "linked blocks are pieces of a chunk",
    "Int16",
    `${GRID}<dmrpp:chunks compressionType="deflate" LBChunk="true">
      <dmrpp:chunkDimensionSizes>4 3</dmrpp:chunkDimensionSizes>
      <dmrpp:chunk offset="10" nBytes="5" chunkPositionInArray="[0,0]" LinkedBlockIndex="0"/>
      <dmrpp:chunk offset="50" nBytes="5" chunkPositionInArray="[0,0]" LinkedBlockIndex="1"/>
      <dmrpp:chunk offset="90" nBytes="5" chunkPositionInArray="[0,3]" LinkedBlockIndex="0"/>
    </dmrpp:chunks>`,
    { "0,0": "[x.nc 10+5 | x.nc 50+5]", "0,1": "x.nc 90+5" },
  ],
  [
    "compact data stand in the document",
    "UInt8",
    `${SIX}<dmrpp:chunks fillValue="0"/><dmrpp:compact>${b64([1, 2, 3, 4, 5, 6])}</dmrpp:compact>`,
    { "0": "inline 010203040506" },
  ],
  [
    "missing data of one element are its bytes",
    "UInt8",
    `<dmrpp:missingdata>${b64([7])}</dmrpp:missingdata>`,
    { "": "inline 07" },
  ],
  [
    "missing data are a zlib stream",
    "UInt8",
    `${SIX}<dmrpp:missingdata>${b64(deflateSync(new Uint8Array(6)))}</dmrpp:missingdata>`,
    { "0": `inline ${new Uint8Array(deflateSync(new Uint8Array(6))).toHex()}` },
  ],
  [
    "text of variable length stands in the document, repeated or deflated",
    "String",
    `<Dim size="4"/><dmrpp:vlsa><v>a&amp;</v><v c="2">b</v><v s="2">${
      b64(deflateSync(new Uint8Array([0x78, 0x79])))
    }</v></dmrpp:vlsa>`,
    { "0": "inline 04000000020000006126010000006201000000620200000078" + "79" },
  ],
  [
    "only a fill value: nothing was written, and GDAL is not told that zeros are nodata",
    "UInt8",
    `${SIX}<dmrpp:chunks fillValue="0"/>`,
    { "0": "[inline 000000000000]" },
  ],
  [
    "what was never written holds the fill value, not what CF calls missing, in the file's order",
    "Int16",
    `<Dim size="2"/><Attribute name="_FillValue" type="Int16"><Value>9</Value></Attribute>
      <dmrpp:chunks fillValue="7" byteOrder="BE"/>`,
    { "0": "[inline 00070007]" },
  ],
];

for (const [what, type, content, refs] of CASES) {
  Deno.test(`DMR++: ${what}`, async () => {
    const manifest = await open(documentOf(`<${type} name="v">${content}</${type}>`));
    const { unsupported } = await arrayAt(manifest, "v");
    assert.equal(unsupported, undefined);
    for (const [key, expected] of Object.entries(refs)) {
      const coords = key === "" ? [] : key.split(",").map(Number);
      assert.equal(await refText(manifest, "v", coords), expected, key);
    }
  });
}

const codecNames = ({ metadata, encodings }: ArrayNode, encoding = 0) =>
  (encodings?.[encoding] ?? metadata).codecs.map(({ name }) => name).join(" ");

Deno.test("filters are codecs in the order of compressionType, and a mask leaves out those whose bits it has", async () => {
  const orders = {
    "shuffle deflate": "bytes numcodecs.shuffle numcodecs.zlib",
    "deflate shuffle": "bytes numcodecs.zlib numcodecs.shuffle",
    "fletcher32 deflate": "bytes numcodecs.fletcher32 numcodecs.zlib",
    "shuffle deflate deflate": "bytes numcodecs.shuffle numcodecs.zlib numcodecs.zlib",
  };
  for (const [order, codecs] of Object.entries(orders)) {
    const manifest = await open(documentOf(
      `<Int16 name="v">${GRID}<dmrpp:chunks compressionType="${order}" byteOrder="BE">
      <dmrpp:chunkDimensionSizes>4 6</dmrpp:chunkDimensionSizes>
      <dmrpp:chunk offset="1" nBytes="9" chunkPositionInArray="[0,0]" fm="1"/></dmrpp:chunks></Int16>`,
    ));
    const node = await arrayAt(manifest, "v");
    assert.equal(codecNames(node), codecs);
    assert.equal(codecNames(node, 1), codecs.replace(/^bytes \S+/, "bytes"), "fm=1");
    assert.deepEqual(node.metadata.codecs[0].configuration, { endian: "big" });
  }
});

Deno.test("what has no Zarr form, or data that are not as large as they must be, is said to be that", async () => {
  const cases: Array<[string, string, RegExp]> = [
    ["Structure", '<Int16 name="inner"/>', /Structure/],
    ["Int16", GRID, /does not say where/],
    ["Int16", `${GRID}<dmrpp:chunk offset="1" nBytes="47"/>`, /47 bytes instead of 48/],
    ["String", `${SIX}<dmrpp:chunk offset="1" nBytes="96"/>`, /not of a known size/],
    ["UInt8", `<dmrpp:compact>${b64([1, 2])}</dmrpp:compact>`, /2 bytes instead of 1/],
    [
      "UInt8",
      `<dmrpp:chunk offset="1" nBytes="1"/><dmrpp:compact>AA==</dmrpp:compact>`,
      /chunks and in compact/,
    ],
    [
      "UInt8",
      `${SIX}<dmrpp:chunks compressionType="szip"><dmrpp:chunk offset="1" nBytes="1"/></dmrpp:chunks>`,
      /szip/,
    ],
  ];
  for (const [type, content, reason] of cases) {
    const manifest = await open(documentOf(`<${type} name="v">${content}</${type}>`));
    assert.match((await arrayAt(manifest, "v")).unsupported ?? "", reason);
  }
});

Deno.test("the data file is what href says, what the placeholder stands for, or has the document's name", async () => {
  const variable = '<UInt8 name="v"><dmrpp:chunk offset="1" nBytes="1"/></UInt8>';
  const cases: Array<[place: string, root: string, data: string]> = [
    [PLACE, "", DATA],
    [PLACE, 'dmrpp:href="OPeNDAP_DMRpp_DATA_ACCESS_URL"', DATA],
    [PLACE, 'dmrpp:href="../b/y.nc"', "https://h/b/y.nc"],
    [PLACE, 'dmrpp:href="https://other/y.nc"', "https://other/y.nc"],
    ["file:///d/a%20b.nc.dmrpp", "", "file:///d/a%20b.nc"],
    ["s3://b/x%25y.nc.dmrpp", "", "s3://b/x%25y.nc"],
  ];
  for (const [place, root, data] of cases) {
    const ref = await (await open(documentOf(variable, root), place)).chunk("v", []);
    assert.ok(ref?.kind === "range");
    assert.equal(ref.file.url.href, data);
  }
  await assert.rejects(open(documentOf(variable), "https://h/unnamed"), /where its data file is/);
});

Deno.test("groups, dimensions, enumerations and attributes are as netCDF-4 shows them", async () => {
  const manifest = await open(new TextEncoder().encode(documentOf(
    `<Enumeration name="e" basetype="UInt8"><EnumConst name="dry day" value="0"/><EnumConst name="wet" value="3"/></Enumeration>
    <Group name="g"><Dimension name="x" size="2"/>
      <Enum name="rain" enum="/e"><Dim name="/g/x"/><Dim size="3"/><Dim size="3"/>
        <dmrpp:chunk offset="1" nBytes="18"/></Enum>
      <Attribute name="n" type="Int32"><Value>1</Value><Value>2</Value></Attribute>
      <String name="words"><Dim name="x"/><dmrpp:chunk offset="30" nBytes="6"/>
        <dmrpp:FixedLengthStringArray string_length="3" pad="space_pad"/></String></Group>
    <Float32 name="t"><Attribute name="_FillValue" type="Float32"><Value>*</Value></Attribute>
      <Attribute name="units" type="String"><Value>°C</Value></Attribute>
      <Attribute name="scale" type="Float64"><Value>2</Value></Attribute>
      <Attribute name="DIMENSION_LIST" type="String"><Value>x</Value></Attribute>
      <dmrpp:chunks fillValue="nan"><dmrpp:chunk offset="1" nBytes="4"/></dmrpp:chunks></Float32>
    <Attribute name="HDF5_GLOBAL" type="Container"><Attribute name="title" type="String"><Value>T</Value></Attribute></Attribute>
    <Attribute name="build_dmrpp_metadata" type="Container"><Attribute name="created" type="String"><Value>now</Value></Attribute></Attribute>`,
  )));
  assert.deepEqual(await manifest.children(""), ["g", "t"]);
  assert.deepEqual((await manifest.node(""))?.metadata.attributes, { title: "T" });
  assert.deepEqual((await manifest.node("g"))?.metadata.attributes, { n: [1, 2] });
  const rain = (await arrayAt(manifest, "g/rain")).metadata;
  assert.deepEqual(rain.dimension_names, ["x", "phony_dim_0", "phony_dim_1"]);
  assert.deepEqual(rain.attributes, { flag_values: [0, 3], flag_meanings: "dry_day wet" });
  const words = await arrayAt(manifest, "g/words");
  assert.equal(codecNames(words), "bytes hdf5.text");
  const { attributes } = (await arrayAt(manifest, "t")).metadata;
  assert.equal(attributes?.units, "°C");
  assert.deepEqual(Object.keys(attributes!).sort(), ["_FillValue", "scale", "units"]);
  assert.equal(attributes?._FillValue, "AAAAAAAA+H8=");
});

Deno.test("contiguous data above 16 MB are served in parts that are slices of them", async () => {
  const manifest = await open(documentOf(
    `<UInt8 name="v"><Dim size="20011"/><Dim size="1000"/><dmrpp:chunk offset="7" nBytes="20011000"/></UInt8>`,
  ));
  const node = await arrayAt(manifest, "v");
  const [rows] = node.metadata.chunk_grid.configuration!.chunk_shape as number[];
  const last = Math.ceil(20011 / rows) - 1;
  assert.equal(await refText(manifest, "v", [1, 0]), `x.nc ${7 + rows * 1000}+${rows * 1000}`);
  const rest = 20011 - last * rows;
  assert.equal(
    await refText(manifest, "v", [last, 0]),
    `x.nc ${7 + last * rows * 1000}+${rest * 1000} e1`,
  );
  assert.deepEqual(node.encodings?.[1].chunkShape, [rest, 1000]);
});

Deno.test("a DMR++ is known by its name and by its namespace", async () => {
  for (const place of [PLACE, "https://h/a/x.nc.dmr"]) {
    const { origin } = memoryOrigin({ [place]: documentOf('<UInt8 name="v"/>') });
    const manifest = await openManifest(new URL(place), origin, openOptions());
    assert.deepEqual(await manifest.children(""), ["v"]);
  }
});

Deno.test("what is malformed is refused", async () => {
  const chunked = (inside: string) =>
    `<Int16 name="v">${GRID}<dmrpp:chunks><dmrpp:chunkDimensionSizes>2 3</dmrpp:chunkDimensionSizes>${inside}</dmrpp:chunks></Int16>`;
  for (
    const content of [
      "<Int16>",
      '<Int16 name="v"><Dim name="/nowhere"/></Int16>',
      '<Int16 name="v"/><Int16 name="v"/>',
      chunked('<dmrpp:chunk offset="1" nBytes="1" chunkPositionInArray="[1,0]"/>'),
      chunked('<dmrpp:chunk offset="1" nBytes="1" chunkPositionInArray="[0]"/>'),
      chunked('<dmrpp:chunk offset="-1" nBytes="1" chunkPositionInArray="[0,0]"/>'),
      chunked(
        '<dmrpp:chunk offset="1" nBytes="1" chunkPositionInArray="[0,0]" LinkedBlockIndex="1"/>',
      ),
      '<UInt8 name="v"><dmrpp:compact>*</dmrpp:compact></UInt8>',
      '<String name="v"><dmrpp:vlsa><v c="999999999999">a</v></dmrpp:vlsa></String>',
    ]
  ) {
    await assert.rejects(open(documentOf(content)), { name: "IndexError" }, content);
  }
  await assert.rejects(open("<html/>"), /no DMR\+\+/);
});

const CORPUS = new URL("../../../../../shared/corpus/dmrpp/", import.meta.url);
const corpus = await Array.fromAsync(Deno.readDir(CORPUS)).catch(() => []);

Deno.test({
  name: "every document of OPeNDAP's opens, and its variables have their chunks",
  ignore: corpus.length === 0,
  async fn() {
    let chunks = 0;
    for (const { name } of corpus) {
      const bytes = await Deno.readFile(new URL(name, CORPUS));
      const manifest = await open(bytes, `https://h/a/${encodeURIComponent(name)}`);
      chunks += (await walk(manifest)).rows;
    }
    assert.ok(chunks > 50, `${chunks}`);
  },
});

async function walk(manifest: Manifest, path = ""): Promise<{ rows: number }> {
  let rows = 0;
  for (const name of await manifest.children(path)) {
    const child = path === "" ? name : `${path}/${name}`;
    const node = await manifest.node(child);
    assert.ok(node, child);
    if (node.type === "group") {
      rows += (await walk(manifest, child)).rows;
      continue;
    }
    await manifest.chunk(child, node.metadata.shape.map(() => 0));
    for await (const table of manifest.refs(child)) rows += table.rows;
  }
  return { rows };
}

Deno.test(`broken DMR++ documents are read or refused, seed ${SEED}`, async () => {
  const variables = CASES.map(([, type, content], i) =>
    `<${type} name="v${i}">${content}</${type}>`
  );
  const sound = new TextEncoder().encode(documentOf(variables.join("")));
  await walk(await open(sound));
  const random = randomNumbers(SEED);
  let refused = 0;
  for (let round = 0; round < ROUNDS; round++) {
    try {
      await walk(await open(mutated(sound, random)));
    } catch (fault) {
      assert.ok(fault instanceof SluiceError, `${(fault as Error).stack}`);
      refused++;
    }
  }
  assert.ok(refused > ROUNDS / 20, `${refused}`);
});
