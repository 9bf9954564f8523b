/** Parquet files that no writer would write, byte by byte. Source: Thrift's compact protocol, parquet.thrift. */

/** A file of nothing but pages and a footer. */
function parquetFile(pages: number[] | Uint8Array, footer: number[]): Uint8Array {
  const bytes = new Uint8Array(pages.length + footer.length + 12);
  bytes.set([80, 65, 82, 49]);
  bytes.set(pages, 4);
  bytes.set(footer, 4 + pages.length);
  new DataView(bytes.buffer).setUint32(bytes.length - 8, footer.length, true);
  bytes.set([80, 65, 82, 49], bytes.length - 4);
  return bytes;
}

/** A file of nothing but a footer. */
export function footerAlone(footer: number[]): Uint8Array {
  return parquetFile([], footer);
}

const varint = (value: number): number[] =>
  value < 128 ? [value] : [128 + value % 128, ...varint(Math.floor(value / 128))];
const int = (value: number) => varint(value * 2);
const text = (value: string) => [...varint(value.length), ...new TextEncoder().encode(value)];

/** A partition whose column `offset` has `count` dictionary pages of `bytes`, and no data. */
export function repeatedDictionaries(count: number, bytes: number): Uint8Array {
  const head = [
    ...[0x15, ...int(2), 0x15, ...int(bytes), 0x15, ...int(bytes)],
    ...[0x4c, 0x15, ...int(bytes / 8), 0x15, ...int(0), 0, 0],
  ];
  const page = new Uint8Array(head.length + bytes);
  page.set(head);
  const pages = new Uint8Array(page.length * count);
  for (let i = 0; i < count; i++) pages.set(page, i * page.length);
  const names = ["path", "offset", "size", "raw"];
  const types: Record<string, number> = { path: 6, offset: 2, size: 2, raw: 6 };
  const elements = names.map((name) => [
    ...[0x15, ...int(types[name]), 0x25, ...int(0), 0x18, ...text(name), 0],
  ]);
  const chunks = names.map((name) => [
    ...[0x3c, 0x15, ...int(types[name]), 0x19, 0x15, ...int(0), 0x19, 0x18, ...text(name)],
    ...[0x15, ...int(0), 0x16, ...int(4), 0x16, ...int(pages.length), 0x16, ...int(pages.length)],
    ...[0x26, ...int(4), 0, 0],
  ]);
  const root = [0x48, ...text("r"), 0x15, ...int(names.length), 0];
  const footer = [
    ...[0x15, ...int(1), 0x19, 0x5c, ...root, ...elements.flat(), 0x16, ...int(4)],
    ...[0x19, 0x1c, 0x19, 0x4c, ...chunks.flat(), 0, 0],
  ];
  return parquetFile(pages, footer);
}
