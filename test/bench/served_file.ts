/** The file whose ranges are served, and the kerchunk references to them. */

/** Bytes of the file. */
export const FILE_BYTES = 512 * 2 ** 20;

/** How an array's chunks reach a client. */
export type Tier = "pass" | "frame";

/** Writes the file: every four bytes are their own position, so that any range can be checked. */
export async function writeServedFile(path: string): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true, truncate: true });
  const words = new Uint32Array(2 ** 20);
  for (let at = 0; at < FILE_BYTES; at += words.byteLength) {
    for (let i = 0; i < words.length; i++) words[i] = at + 4 * i;
    const bytes = new Uint8Array(words.buffer);
    for (let done = 0; done < bytes.length;) done += await file.write(bytes.subarray(done));
  }
}

/** The bytes of the file from `offset`, a multiple of four. */
export function expectedBytes(offset: number, length: number): Uint8Array {
  return new Uint8Array(Uint32Array.from({ length: length / 4 }, (_, i) => offset + 4 * i).buffer);
}

/** Chunks of `size` bytes in the file. */
export function chunkCount(size: number): number {
  return Math.floor(FILE_BYTES / size);
}

/**
 * A kerchunk reference set: arrays `pass/SIZE` (zstd) and `frame/SIZE` (shuffle and zlib), one
 * dimension each, every chunk another range of the file. What the chunks decode to is of no account:
 * no reader decodes them here.
 */
export function servedReferences(fileUrl: string, sizes: readonly number[]): string {
  const refs: Record<string, unknown> = {
    ".zgroup": '{"zarr_format":2}',
    "pass/.zgroup": '{"zarr_format":2}',
    "frame/.zgroup": '{"zarr_format":2}',
  };
  for (const size of sizes) {
    for (const tier of ["pass", "frame"] as const) {
      const count = chunkCount(size);
      const elements = size; // int16: twice the bytes of the encoded chunk
      refs[`${tier}/${size}/.zarray`] = JSON.stringify({
        zarr_format: 2,
        shape: [count * elements],
        chunks: [elements],
        dtype: "<i2",
        order: "C",
        fill_value: -32767,
        compressor: tier === "pass" ? { id: "zstd", level: 3 } : { id: "zlib", level: 4 },
        filters: tier === "pass" ? null : [{ id: "shuffle", elementsize: 2 }],
      });
      refs[`${tier}/${size}/.zattrs`] = '{"_ARRAY_DIMENSIONS":["x"]}';
      for (let i = 0; i < count; i++) refs[`${tier}/${size}/${i}`] = [fileUrl, i * size, size];
    }
  }
  return JSON.stringify({ version: 1, refs });
}
