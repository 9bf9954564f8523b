/** References that are written as none should be: what is proven absent, and what must not read as fill. */

import { IndexError } from "../../src/errors.ts";
import type { UnorderedRows } from "../references/reference_rows.ts";
import { ABSENT_ID, UNUSABLE_ID } from "../references/packed_references.ts";

/** The number of the fault of `[null, offset, length]`. */
export const NO_URL = 0;
/**
 * The number of the fault of `[url, 0, 0]` in an array none of whose references has any bytes. Writers
 * leave it for a chunk without storage (a sparse TIFF tile), and kerchunk also writes it where it has not
 * found the data (an HDF4 dataset in linked blocks, which is one chunk). A writer that has found bytes of
 * other chunks of the array knows where its chunks are, so that this one has none; in an array without
 * any bytes nothing tells the two apart, and absence would read as fill.
 */
export const NO_BYTES = 1;

/** What is wrong with unusable references, by those numbers. */
export const UNUSABLE_REFERENCES: readonly IndexError[] = [
  new IndexError("The reference has an offset or a length and no URL"),
  new IndexError(
    "The reference is [url, 0, 0], as is every one of its array: kerchunk writes this where it does " +
      "not find the data, too. Index the file with another tool, or leave the array out",
  ),
];

/**
 * Rows of one array, those that can be no chunk as unusable ones, and what may not be what the writer meant.
 *
 * @param faultOf the numbers of faults by the ids of URLs that cannot be used
 */
export function judgedRows(
  source: UnorderedRows,
  faultOf: ReadonlyMap<number, number>,
): { rows: UnorderedRows; doubts: string[] } {
  const doubts: string[] = [];
  const isEmpty = (row: number) =>
    source.id(row) === UNUSABLE_ID && source.offset(row) === NO_BYTES;
  let [empty, unusable, stored] = [0, 0, 0];
  for (let row = 0; row < source.rows; row++) {
    if (source.ordinal(row) === undefined) continue;
    const id = source.id(row);
    if (isEmpty(row)) empty++;
    else if (id === UNUSABLE_ID || faultOf.has(id)) unusable++;
    else if (id !== ABSENT_ID) stored++;
  }
  if (unusable > 0) doubts.push(`${unusable} references cannot be used (502)`);
  if (empty > 0) {
    const meant = stored > 0
      ? "are taken to be absent (404), since other chunks of the array have bytes"
      : "cannot be told from data that was not found (502), since no chunk of the array has bytes";
    doubts.push(`${empty} references of [url, 0, 0] ${meant}`);
  }
  if (faultOf.size === 0 && (empty === 0 || stored === 0)) return { rows: source, doubts };
  const rows: UnorderedRows = {
    rows: source.rows,
    ordinal: source.ordinal,
    id: (row) =>
      stored > 0 && isEmpty(row)
        ? ABSENT_ID
        : faultOf.has(source.id(row))
        ? UNUSABLE_ID
        : source.id(row),
    offset: (row) => faultOf.get(source.id(row)) ?? source.offset(row),
    length: (row) => faultOf.has(source.id(row)) ? 0 : source.length(row),
  };
  return { rows, doubts };
}
