import assert from "node:assert/strict";
import { ParquetFile } from "../../../manifests/parquet/file.ts";
import { IndexError } from "../../../src/errors.ts";
import { partitionFile } from "../parquet_set.ts";

const FIXTURES = new URL("../../fixtures/parquet/", import.meta.url);

/** Does all of `work`. */
function run<T>(work: Generator<void, T>): T {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
  }
}

function numbers(file: ParquetFile, name: string): number[] {
  const into = new Float64Array(file.rows);
  run(file.readNumbers(name, into));
  return [...into];
}

function byteArrays(file: ParquetFile, name: string): Array<number[] | null> {
  const found: Array<number[] | null> = Array.from({ length: file.rows }, () => null);
  run(file.readBytes(name, file.rows, (row, bytes, start, end) => {
    found[row] = [...bytes.subarray(start, end)];
  }));
  return found;
}

interface Row {
  path: string | null;
  offset: number;
  size: number;
  raw: number[] | null;
}

Deno.test("what pyarrow writes is read, in every compression, encoding and page version", async () => {
  const expected: Row[] = JSON.parse(await Deno.readTextFile(new URL("expected.json", FIXTURES)));
  const encoder = new TextEncoder();
  for (const name of ["lz4", "split", "delta", "v2", "gzip", "brotli"]) {
    const file = new ParquetFile(await Deno.readFile(new URL(`${name}.parq`, FIXTURES)), 1 << 20);
    assert.deepEqual(numbers(file, "offset"), expected.map(({ offset }) => offset), name);
    assert.deepEqual(numbers(file, "size"), expected.map(({ size }) => size), name);
    const paths = expected.map(({ path }) => path === null ? null : [...encoder.encode(path)]);
    assert.deepEqual(byteArrays(file, "path"), paths, name);
    assert.deepEqual(byteArrays(file, "raw"), expected.map(({ raw }) => raw), name);
    assert.equal(file.has("nothing"), false);
  }
});

/** A file of nothing but a footer. */
function footerAlone(footer: number[]): Uint8Array {
  const bytes = new Uint8Array(footer.length + 12);
  bytes.set([80, 65, 82, 49]);
  bytes.set(footer, 4);
  new DataView(bytes.buffer).setUint32(bytes.length - 8, footer.length, true);
  bytes.set([80, 65, 82, 49], bytes.length - 4);
  return bytes;
}

Deno.test("a footer that claims more than it holds is refused before anything is made of it", () => {
  const long = [0xf9, 0xff, 0xff, 0xff, 0xff, 0x07]; // a list of 2³¹ lists
  const footers: Record<string, number[]> = {
    "lists in lists": [0x19, ...Array.from({ length: 33 }, () => long).flat()],
    "lists of one list": [0x19, ...new Array(1000).fill(0x19)],
    "a list that fills the rest at each level": [0x19, ...new Array(200).fill([0xf9, 100]).flat()],
    "structs in structs": new Array(1000).fill(0x1c),
    "a varint of 300 KB": [0x16, ...new Array(300_000).fill(0x80)],
    "a text that is longer than the file": [0x18, 0xff, 0xff, 0xff, 0xff, 0x0f],
    "nothing": [],
    "no rows": [0],
    "a set, which Parquet has not": [0x1b, 0x00],
  };
  for (const [name, footer] of Object.entries(footers)) {
    assert.throws(() => new ParquetFile(footerAlone(footer), 1 << 20), IndexError, name);
  }
});

/** Thrift's compact protocol, as little of it as the files here need. */
const varint = (value: number): number[] =>
  value < 128 ? [value] : [128 + value % 128, ...varint(Math.floor(value / 128))];
const int = (value: number) => varint(value * 2);
const text = (value: string) => [...varint(value.length), ...new TextEncoder().encode(value)];

/** A file of one column `a` of required int64, whose pages are `pages`. */
function oneColumn(rows: number, values: number, pages: number[]): Uint8Array {
  const root = [0x48, ...text("r"), 0x15, ...int(1), 0];
  const element = [0x15, ...int(2), 0x25, ...int(0), 0x18, ...text("a"), 0];
  const metadata = [
    ...[0x15, ...int(2), 0x19, 0x15, ...int(0), 0x19, 0x18, ...text("a"), 0x15, ...int(0)],
    ...[0x16, ...int(values), 0x16, ...int(1), 0x16, ...int(1), 0x26, ...int(4), 0],
  ];
  const group = [0x19, 0x1c, 0x3c, ...metadata, 0, 0];
  const footer = [
    ...[0x15, ...int(1), 0x19, 0x2c, ...root, ...element, 0x16, ...int(rows), 0x19, 0x1c, ...group],
    0,
  ];
  const bytes = footerAlone([...pages, ...footer]);
  new DataView(bytes.buffer).setUint32(bytes.length - 8, footer.length, true);
  return bytes;
}

const dataPage = (values: number, encoding: number, body: number[]) => [
  ...[0x15, ...int(0), 0x15, ...int(body.length), 0x15, ...int(body.length)],
  ...[0x2c, 0x15, ...int(values), 0x15, ...int(encoding), 0, 0, ...body],
];
const dictionaryPage = (body: number[]) => [
  ...[0x15, ...int(2), 0x15, ...int(body.length), 0x15, ...int(body.length)],
  ...[0x4c, 0x15, ...int(body.length / 8), 0x15, ...int(0), 0, 0, ...body],
];
const int64 = (value: number) => [value, 0, 0, 0, 0, 0, 0, 0];

Deno.test("rows that a column does not have are a fault, never null", () => {
  const page = dataPage(2, 0, [...int64(5), ...int64(6)]);
  const read = (rows: number, values: number, pages: number[]) => {
    const into = new Float64Array(rows);
    run(new ParquetFile(oneColumn(rows, values, pages), 1 << 20).readNumbers("a", into));
    return [...into];
  };
  assert.deepEqual(read(2, 2, page), [5, 6]);
  assert.throws(() => read(3, 2, page), IndexError);
  assert.throws(() => read(3, 3, page), IndexError);
  assert.throws(() => read(2, 2, dataPage(2, 0, int64(5))), IndexError);
  const indexed = dataPage(2, 8, [1, 4, 1]); // one bit; two of entry 1
  assert.deepEqual(read(2, 2, [...dictionaryPage([...int64(5), ...int64(9)]), ...indexed]), [9, 9]);
  assert.throws(() => read(2, 2, [...dictionaryPage(int64(5)), ...indexed]), IndexError);
  assert.throws(() => read(2, 2, indexed), IndexError);
});

Deno.test("a column has one dictionary, and what all pages decompress to has a limit", () => {
  const dictionary = dictionaryPage(new Array(800).fill(0));
  const pages = [...dictionary, ...dictionary, ...dataPage(2, 8, [1, 4, 1])];
  const file = new ParquetFile(oneColumn(2, 2, pages), 1 << 20);
  assert.throws(() => run(file.readNumbers("a", new Float64Array(2))), {
    message: /several dictionaries/,
  });
  const small = new ParquetFile(oneColumn(2, 2, dictionary), 500);
  assert.throws(() => run(small.readNumbers("a", new Float64Array(2))), {
    code: "index-too-large",
    message: /500 bytes/,
  });
  const rows = Array.from({ length: 400 }, (_, i) => ({ path: "s3://b/k", offset: i, size: 1 }));
  const plain = new ParquetFile(partitionFile(rows, { codec: "UNCOMPRESSED" }), 4000);
  run(plain.readNumbers("offset", new Float64Array(400)));
  assert.throws(() => run(plain.readNumbers("offset", new Float64Array(400))), {
    code: "index-too-large",
  });
});
