/** Where the variables of a NetCDF-3 file lie. Source: "The NetCDF Classic Format Specification", "Computing File Offsets". */

import { type Header, malformed, type Variable } from "./header.ts";

/** Where a variable's elements are. */
export interface Place {
  /** What the header says of it. */
  readonly variable: Variable;
  /** Elements along each dimension. */
  readonly shape: readonly number[];
  /** Bytes of all of it, or of one record of it, without what fills them up. */
  readonly bytes: number;
  /** Bytes from one record of it to the next; undefined if its bytes are in a row, whether it has records or not. */
  readonly stride?: number;
}

/** Where everything is. */
export interface Places {
  /** In the order of the file. */
  readonly variables: readonly Place[];
  /** Bytes behind the last whole record of a file whose writer did not count them. */
  readonly left: number;
}

/**
 * Where the variables of a file of `fileBytes` bytes are.
 *
 * @throws IndexError if the file is cut short, or a variable lies in the header or in another one
 */
export function placesOf(header: Header, fileBytes: number): Places {
  const variables = header.variables.map((variable) => {
    const isRecords = variable.dimensions[0]?.length === 0;
    const slab = variable.dimensions.slice(isRecords ? 1 : 0).map(({ length }) => length);
    const bytes = slab.reduce((product, length) => product * length, variable.type.bytes);
    if (!Number.isSafeInteger(bytes)) {
      throw malformed(`the variable "${variable.name}" has over 2⁵³ bytes`);
    }
    return { variable, isRecords, slab, bytes };
  });
  const records = variables.filter(({ isRecords }) => isRecords);
  // The one variable that has records has nothing between them.
  const recordBytes = records.length === 1
    ? records[0].bytes
    : records.reduce((sum, { bytes }) => sum + Math.ceil(bytes / 4) * 4, 0);
  const ends = records.map(({ variable, bytes }) => variable.begin + bytes);
  const firstEnd = Math.max(0, ...ends);
  const whole = records.length === 0 ? 0 : Math.floor((fileBytes - firstEnd) / recordBytes) + 1;
  const count = header.records ?? Math.max(0, whole);
  const left = header.records === undefined && records.length > 0
    ? Math.max(
      0,
      fileBytes - Math.min(...records.map(({ variable }) => variable.begin)) - count * recordBytes,
    )
    : 0;

  const spans = variables.filter(({ isRecords }) => !isRecords).map(spanOf);
  if (records.length > 0 && count > 0) {
    const inRecord = records.map(spanOf);
    const start = Math.min(...inRecord.map(([begin]) => begin));
    mustBeApart(inRecord, start, start + recordBytes);
    spans.push([start, start + (count - 1) * recordBytes + firstEnd - start]);
  }
  mustBeApart(spans, header.bytes, Infinity);
  const end = Math.max(0, ...spans.map(([, end]) => end));
  if (end > fileBytes) {
    throw malformed(`it is cut short or damaged: it has ${fileBytes} bytes of ${end}`);
  }
  return {
    variables: variables.map(({ variable, isRecords, slab, bytes }): Place =>
      !isRecords
        ? { variable, shape: slab, bytes }
        : recordBytes === bytes
        ? { variable, shape: [count, ...slab], bytes: count * bytes }
        : { variable, shape: [count, ...slab], bytes, stride: recordBytes }
    ),
    left,
  };
}

type Span = readonly [begin: number, end: number];

function spanOf({ variable, bytes }: { variable: Variable; bytes: number }): Span {
  return [variable.begin, variable.begin + bytes];
}

/** @throws IndexError if two spans share a byte, or one is not between `first` and `end` */
function mustBeApart(spans: readonly Span[], first: number, end: number): void {
  let free = first;
  for (const [begin, after] of [...spans].sort(([a], [b]) => a - b)) {
    if (begin < free || after > end) {
      throw malformed("its variables lie in each other, or in its header: it is damaged");
    }
    free = after;
  }
}
