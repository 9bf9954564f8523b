/** Files that are data, not indexes of data, known by their first bytes. */

/** What a file is, and the bytes that it starts with. */
const MAGIC: ReadonlyArray<readonly [what: string, bytes: string]> = [
  ["an HDF4 file", "\x0e\x03\x13\x01"],
  ["a GRIB file", "GRIB"],
  ["a Parquet file", "PAR1"],
  ["an XML file", "<?xml"],
  ["a web page", "<!doctype html"],
  ["a web page", "<html"],
];

/** What the file that starts with `head` is, and what to do about it, in one sentence. */
export function whatIs(head: Uint8Array): string {
  const text = String.fromCharCode(...head.subarray(0, 16));
  const known = MAGIC.find(([, bytes]) => text.toLowerCase().startsWith(bytes.toLowerCase()));
  return known
    ? `this is ${known[0]}, not an index; make an index of it with kerchunk or VirtualiZarr, ` +
      "and serve that"
    : `it starts with ${JSON.stringify(new TextDecoder().decode(head.subarray(0, 16)))}; ` +
      "if it is an index, name its format with --format";
}
