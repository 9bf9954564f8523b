/** Byte ranges: of a file at an origin, and of an HTTP request. All figures are bytes. */

/** `length` bytes from `offset`. Both are safe integers, `offset` ≥ 0 and `length` > 0. */
export interface ByteRange {
  /** Bytes before the first. */
  readonly offset: number;
  /** Bytes from the first to the last. */
  readonly length: number;
}

/** The value of a `Range` request header for exactly `range`. */
export function rangeHeader(range: ByteRange): string {
  return `bytes=${range.offset}-${range.offset + range.length - 1}`;
}

/** A parsed `Content-Range: bytes first-last/total`; `total` is undefined for `*`. */
export interface ContentRange extends ByteRange {
  /** Bytes of the whole, where they are told. */
  readonly total?: number;
}

/** Parses a `Content-Range` response header; undefined if it is missing or malformed. */
export function parseContentRange(header: string | null): ContentRange | undefined {
  const match = header && /^bytes (\d{1,16})-(\d{1,16})\/(\d{1,16}|\*)$/.exec(header.trim());
  if (!match) return undefined;
  const [first, last] = [Number(match[1]), Number(match[2])];
  const total = match[3] === "*" ? undefined : Number(match[3]);
  if (last < first || (total !== undefined && last >= total)) return undefined;
  return { offset: first, length: last - first + 1, total };
}

/**
 * The part of a `total`-byte body that a client's `Range` header asks for (RFC 9110 §14).
 *
 * - undefined: the whole body (no header, several ranges, another unit, or malformed);
 * - `"unsatisfiable"`: the range starts beyond the end, 416.
 */
export function requestedRange(
  header: string | null | undefined,
  total: number,
): ByteRange | "unsatisfiable" | undefined {
  const match = header && /^bytes=\s*(\d{0,16})-(\d{0,16})\s*$/i.exec(header);
  if (!match || (match[1] === "" && match[2] === "")) return undefined;
  if (match[1] === "") {
    const length = Math.min(Number(match[2]), total);
    return length === 0 ? "unsatisfiable" : { offset: total - length, length };
  }
  const first = Number(match[1]);
  const last = match[2] === "" ? total - 1 : Math.min(Number(match[2]), total - 1);
  if (match[2] !== "" && Number(match[2]) < first) return undefined;
  return first >= total ? "unsatisfiable" : { offset: first, length: last - first + 1 };
}
