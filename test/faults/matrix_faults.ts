/**
 * The rows of the fault matrix: what goes wrong, and what HTTP.md says that the answer is. Data only:
 * `matrix_run.ts` makes it happen.
 */

import { zstdCompressSync } from "node:zlib";
import { BAD_REFERENCES, json, LOCAL_BAD_REFERENCES, partition } from "./matrix_archive.ts";
import type { MatrixRead } from "./matrix_reads.ts";
import type { Fault } from "./origin_server.ts";

/**
 * What a client gets: `STATUS TYPE`; `200`, the right bytes; or `aborted`, a connection that breaks
 * before the declared end. `null`: the fault cannot happen in this read.
 */
export type Outcome = string | null;

/** A row of the matrix. */
export interface MatrixFault {
  /** A sentence's end: "… when the origin answers 403". */
  readonly name: string;
  /** What the origin does with the file that is read. */
  readonly fault?: Fault;
  /** How often; always unless given. */
  readonly times?: number;
  /** What the file holds instead; undefined leaves it as it is. */
  readonly content?: (bytes: Uint8Array, read: MatrixRead) => Uint8Array | undefined;
  /** The chunk that is asked for instead of the read's own: `bad/c/3`. */
  readonly chunk?: string;
  /** Limits of the catalog. */
  readonly limits?: Record<string, number>;
  /** What is done to the file, of an archive of local files. */
  readonly local?: "nothing" | "missing" | "linked out" | "linked within" | "halved" | "a folder";
  /** All places and the queue of the host are taken. */
  readonly isBusy?: true;
  /** What the answer must be. */
  readonly expect: (read: MatrixRead) => Outcome;
}

const UNREACHABLE = "502 reference-unreachable";
const MISMATCH = "502 origin-range-mismatch";
const UNAVAILABLE = "503 origin-unavailable";
const TIMEOUT = "504 origin-timeout";
const INVALID = "502 index-invalid";

/** The same answer for every read. */
const always = (outcome: Outcome) => () => outcome;
/** Only for byte ranges. */
const ranged = (outcome: Outcome) => (read: MatrixRead) => read.ranged ? outcome : null;
/** Only for index reads. */
const indexes = (outcome: Outcome) => (read: MatrixRead) => read.kind === "index" ? outcome : null;
/** Only for chunks of one array. */
const chunksOf = (array: string, outcome: Outcome) => (read: MatrixRead) =>
  read.kind === "chunk" && read.name === array ? outcome : null;

/** A fault of a body whose length was declared: before headers where it is collected first. */
const body = (outcome: Outcome) => (read: MatrixRead) => read.streamed ? "aborted" : outcome;

/** True for a fault that Sluice meets as absence, by the format's own rules. */
function isAbsence(read: MatrixRead): boolean {
  // A plain store is its own index, and a kerchunk Parquet set has no partition without references.
  return (read.format === "zarr" && read.kind === "chunk") || read.name === "partition" ||
    read.name === "array's zarr.json";
}

/** The origin says that there is no such file. */
function missing(read: MatrixRead): Outcome {
  if (isAbsence(read)) return "404 not-found";
  // Other files could make it an index yet: that none is there is seen, not unseen.
  const isSought = /^(repo|ref\.json|zarr\.json)/.test(read.name);
  return isSought ? INVALID : UNREACHABLE;
}

const REFERENCES: Record<string, (read: MatrixRead) => Outcome> = {
  "no such file": always(UNREACHABLE),
  "beyond the end": always(UNREACHABLE),
  "over the end": always(MISMATCH),
  // In kerchunk Parquet that is how a whole file is written.
  "offset 0, length 0": (read) => read.format === "kerchunk-json" ? "404 not-found" : null,
  "a file with another entity tag": (read) =>
    read.format === "icechunk" ? "502 source-changed" : null,
  "a file that was changed later": (read) =>
    read.format === "icechunk" ? "502 source-changed" : null,
};

const references: MatrixFault[] = BAD_REFERENCES.map(({ name, icechunk }, i) => ({
  name: `a reference leads to ${name}`,
  chunk: `bad/c/${i}`,
  expect: (read) => {
    if (read.kind !== "chunk" || read.name !== "pass" || read.format === "zarr") return null;
    if (read.format === "icechunk" && icechunk === false) return null;
    return (REFERENCES[name] ?? always("502 origin-not-allowed"))(read);
  },
}));

const statuses: MatrixFault[] = [
  ...[401, 403, 416].map((status) => ({
    name: `the origin answers ${status}`,
    fault: { kind: "status", status } as const,
    expect: always(UNREACHABLE),
  })),
  ...[404, 410].map((status) => ({
    name: `the origin answers ${status}`,
    fault: { kind: "status", status } as const,
    expect: missing,
  })),
  ...[204, 206].map((status) => ({
    name: `the origin answers ${status} without a range`,
    fault: { kind: "status", status } as const,
    expect: always(MISMATCH),
  })),
  {
    name: "the origin answers 412",
    fault: { kind: "status", status: 412 },
    expect: always("502 source-changed"),
  },
  ...[429, 500, 502, 503, 504].map((status) => ({
    name: `the origin answers ${status}`,
    fault: { kind: "status", status } as const,
    expect: always(UNAVAILABLE),
  })),
  {
    name: "the origin answers 503 once",
    fault: { kind: "status", status: 503 },
    times: 1,
    expect: always("200"),
  },
  ...[301, 302, 303, 307, 308].map((status) => ({
    name: `the origin redirects with ${status}`,
    fault: {
      kind: "redirect",
      status,
      location: "http://archive.example/data/archive.bin",
    } as const,
    expect: always("502 origin-redirect"),
  })),
  {
    name: "the origin redirects to a private address",
    fault: { kind: "redirect", location: "http://169.254.169.254/latest/meta-data/" },
    expect: always("502 origin-redirect"),
  },
];

/**
 * As {@link body}, for bodies that stop coming. One that the runtime pipes by itself cannot be timed:
 * it ends when its client gives up.
 */
function stalling(status: string): MatrixFault["expect"] {
  return (read) => read.name === "piped" ? null : body(status)(read);
}

const connections: MatrixFault[] = [
  {
    name: "the origin closes the connection",
    fault: { kind: "reset" },
    expect: always(UNAVAILABLE),
  },
  {
    name: "the origin does not speak HTTP",
    fault: { kind: "garbage" },
    expect: always(UNAVAILABLE),
  },
  {
    name: "the origin never answers",
    fault: { kind: "stall" },
    limits: { requestTimeoutMs: 300 },
    expect: always(TIMEOUT),
  },
  {
    name: "the origin's body stalls half-way",
    fault: { kind: "stall-body" },
    limits: { requestTimeoutMs: 300 },
    expect: stalling(TIMEOUT),
  },
  {
    name: "the origin's body comes a byte at a time",
    fault: { kind: "drip", everyMs: 40 },
    limits: { requestTimeoutMs: 300 },
    expect: stalling(TIMEOUT),
  },
  {
    name: "too many reads of the origin are under way",
    isBusy: true,
    limits: { concurrentPerOrigin: 1 },
    expect: always("503 overloaded"),
  },
];

const bodies: MatrixFault[] = [
  {
    name: "the origin ignores the range",
    fault: { kind: "ignore-range" },
    expect: ranged("502 range-ignored"),
  },
  {
    name: "the origin sends a part to a request for the whole",
    fault: { kind: "unasked-part" },
    expect: (read) => read.ranged ? null : MISMATCH,
  },
  ...([
    ["no Content-Range", { kind: "no-content-range" }],
    ["a Content-Range that cannot be parsed", { kind: "bad-content-range", value: "bytes 0-1" }],
    ["a range in other units", { kind: "bad-content-range", value: "items 7-2006/16011" }],
    ["a range of another place", { kind: "other-range", by: 1 }],
    ["a range without its last byte", { kind: "shorter-range" }],
    ["a body a byte longer than its range", { kind: "other-length", by: 1 }],
    ["a body a byte shorter than its range", { kind: "other-length", by: -1 }],
  ] as Array<[string, Fault]>).map(([what, fault]) => ({
    name: `the origin sends ${what}`,
    fault,
    expect: ranged(MISMATCH),
  })),
  {
    name: "the origin sends gzip",
    fault: { kind: "gzip" },
    expect: always(MISMATCH),
  },
  {
    name: "the origin sends an unknown Content-Encoding",
    fault: { kind: "content-encoding", value: "x-own" },
    expect: always(MISMATCH),
  },
  {
    name: "the origin's body is cut short by the connection",
    fault: { kind: "short" },
    expect: body(MISMATCH),
  },
  {
    name: "the origin's body is cut short once",
    fault: { kind: "short" },
    times: 1,
    // Nobody can take up a body that the runtime pipes by itself.
    expect: (read) => {
      if (read.name === "piped") return "aborted";
      // Without a validator the rest could be another file's.
      return read.name === "json again" ? MISMATCH : "200";
    },
  },
  {
    name: "the origin's body goes on behind its range for ever",
    fault: { kind: "endless" },
    expect: (read) => read.ranged ? body(MISMATCH)(read) : null,
  },
  {
    name: "the origin's body in chunked encoding ends half-way",
    fault: { kind: "short-chunked" },
    // Nothing says how long a whole file was to be: its content must.
    expect: (read) =>
      read.ranged ? body(MISMATCH)(read) : read.kind === "index" ? INVALID : "502 chunk-invalid",
  },
];

const changes: MatrixFault[] = [
  {
    name: "the file has changed since it was first read",
    // If-Match is ignored, and the answer has another entity tag than the one before.
    fault: { kind: "changed-tag", etag: '"other"' },
    expect: (read) =>
      read.kind === "chunk" && read.ranged && read.array !== "native" ? "502 source-changed" : null,
  },
];

const chunkContents: MatrixFault[] = [
  {
    name: "a chunk is a zlib bomb",
    chunk: "transcode/c/3",
    expect: chunksOf("transcode", "502 chunk-invalid"),
  },
  {
    name: "a chunk is a Zstandard bomb",
    chunk: "zstd/c/3",
    expect: chunksOf("transcode", "502 chunk-invalid"),
  },
  {
    name: "a chunk is garbage",
    chunk: "transcode/c/4",
    expect: chunksOf("transcode", "502 chunk-invalid"),
  },
  {
    name: "a chunk decodes to an element less",
    chunk: "transcode/c/5",
    expect: chunksOf("transcode", "502 chunk-invalid"),
  },
  {
    name: "a chunk decodes to an element more",
    chunk: "transcode/c/6",
    expect: chunksOf("transcode", "502 chunk-invalid"),
  },
  {
    name: "a chunk of raw bytes is an element short",
    chunk: "pass/c/5",
    expect: chunksOf("pass", "502 chunk-invalid"),
  },
  {
    name: "a chunk of raw bytes is an element long",
    chunk: "pass/c/6",
    expect: chunksOf("pass", "502 chunk-invalid"),
  },
];

/** Bytes that are nothing in particular. */
const garbage = Uint8Array.from({ length: 300 }, (_, i) => (i * 89 + 13) & 255);
const MEGABYTE = 1 << 20;

const text = (bytes: Uint8Array) => JSON.parse(new TextDecoder().decode(bytes));
const isJson = (bytes: Uint8Array) => bytes[0] === 0x7b;
const isParquet = (bytes: Uint8Array) => bytes[0] === 0x50 && bytes[1] === 0x41;
const isIcechunk = (bytes: Uint8Array) => bytes[0] === 0x49 && bytes[1] === 0x43;

/** `bytes` after one another. */
function joined(...parts: Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** A kerchunk JSON set whose first chunk is at another offset. */
function withOffset(bytes: Uint8Array, offset: unknown): Uint8Array {
  const document = text(bytes);
  const [first] = Object.keys(document.refs).filter((key) => /^pass\/\d/.test(key));
  document.refs[first][1] = offset;
  return json(document);
}

/** The index, valid and with a long text in it. */
function swollen(bytes: Uint8Array, read: MatrixRead): Uint8Array | undefined {
  const long = "x".repeat(200_000);
  if (isJson(bytes)) {
    if (read.name.startsWith("ref.json")) return json({ ...text(bytes), long });
    const document = text(bytes);
    if (document.refs) document.refs[".zattrs"] = JSON.stringify({ long });
    else if (document.metadata) document.metadata[".zattrs"] = { long };
    else document.attributes = { long };
    return json(document);
  }
  if (isParquet(bytes)) {
    // Texts that nothing compresses, as the paths of a partition.
    const rows = Array.from({ length: 4000 }, (_, i): [string, number, number] => [
      `http://archive.example/data/${crypto.randomUUID()}`,
      i,
      1,
    ]);
    return partition(rows);
  }
  return joined(bytes, new Uint8Array(200_000));
}

/** A small file that expands to 48 MiB. */
function bombOf(bytes: Uint8Array, read: MatrixRead): Uint8Array | undefined {
  const spaces = new Uint8Array(48 * MEGABYTE).fill(0x20);
  if (isIcechunk(bytes)) return joined(bytes.subarray(0, 39), zstdCompressSync(spaces));
  return read.name.startsWith("json") ? zstdCompressSync(spaces) : undefined;
}

const indexContents: MatrixFault[] = [
  { name: "the index is garbage", content: () => garbage, expect: indexes(INVALID) },
  { name: "the index is empty", content: () => new Uint8Array(0), expect: indexes(INVALID) },
  {
    name: "the index is cut in half",
    content: (bytes) => bytes.slice(0, bytes.length >> 1),
    expect: indexes(INVALID),
  },
  {
    name: "the index is another document",
    content: (bytes) =>
      isJson(bytes)
        ? json({ hello: [1, 2] })
        : isParquet(bytes)
        ? partition([]).slice(0)
        : undefined,
    expect: (read) => read.kind === "index" && /json|zmetadata/.test(read.name) ? INVALID : null,
  },
  {
    name: "an offset of the index is negative",
    content: (bytes) => {
      if (isParquet(bytes)) {
        return partition([["http://archive.example/data/archive.bin", -7, 2000]]);
      }
      return withOffset(bytes, -7);
    },
    expect: (read) =>
      read.name === "partition" || (read.kind === "index" && read.format === "kerchunk-json")
        ? INVALID
        : null,
  },
  {
    name: "a range of the index ends beyond 2⁵³",
    content: (bytes) => {
      if (isParquet(bytes)) {
        return partition([["http://archive.example/data/archive.bin", 2 ** 53 - 2, 2000]]);
      }
      return withOffset(bytes, 2 ** 53 - 2);
    },
    expect: (read) =>
      read.name === "partition" || (read.kind === "index" && read.format === "kerchunk-json")
        ? INVALID
        : null,
  },
  {
    name: "an offset of the index is no number",
    content: (bytes) => {
      return withOffset(bytes, "7");
    },
    expect: (read) => read.kind === "index" && read.format === "kerchunk-json" ? INVALID : null,
  },
  {
    name: "the index is over its byte cap",
    content: swollen,
    limits: { indexCacheBytes: 100_000 },
    expect: (read) => read.kind !== "index" ? null : "503 index-too-large",
  },
  {
    name: "the index is a decompression bomb",
    content: bombOf,
    limits: { indexCacheBytes: MEGABYTE },
    expect: (read) => {
      if (read.kind !== "index") return null;
      // A manifest's length is known, and this is another one.
      if (read.name === "manifest") return INVALID;
      const isCompressed = read.format === "kerchunk-json" || /^(repo|snapshot)/.test(read.name);
      return isCompressed ? "503 index-too-large" : null;
    },
  },
];

/** Reads of local files: what the Icechunk fixture refers to is on a host. */
function isLocal(read: MatrixRead): boolean {
  if (read.name === "piped" || / (again|after many)$/.test(read.name)) return false;
  // A folder can be listed, so that all metadata is read when the store is opened.
  if (read.name === "array's zarr.json") return false;
  return read.format !== "icechunk" || read.kind === "index" || read.array === "native";
}

const localFiles: MatrixFault[] = [
  ...LOCAL_BAD_REFERENCES.map(({ name }, i): MatrixFault => ({
    name: `a reference leads to ${name}`,
    local: "nothing",
    chunk: `bad/c/${i}`,
    expect: (read) =>
      read.kind === "chunk" && read.name === "pass" && read.format.startsWith("kerchunk")
        ? "502 origin-not-allowed"
        : null,
  })),
  ...([
    ["a local file is missing", "missing", missing],
    [
      "a local file is a link that leads outside",
      "linked out",
      // The one file that the catalog names itself may be a link to anywhere.
      (read) => read.name === "json" ? "200" : "502 origin-not-allowed",
    ],
    ["a local file is a link within the folder", "linked within", () => "200"],
    [
      "a local file ends half-way",
      "halved",
      (read) => {
        if (read.kind === "index") return INVALID;
        if (read.format === "zarr") return "502 chunk-invalid";
        // Another chunk of the file was read before: this is not that file any more.
        return read.array === "native" ? MISMATCH : "502 source-changed";
      },
    ],
    [
      "a local file is a folder",
      "a folder",
      (read) => isAbsence(read) ? null : missing(read),
    ],
  ] as Array<[string, MatrixFault["local"], (read: MatrixRead) => Outcome]>).map((
    [name, local, expect],
  ): MatrixFault => ({ name, local, expect: (read) => isLocal(read) ? expect(read) : null })),
];

/** A heading of HTTP.md's table, and its rows. */
export interface MatrixSection {
  readonly title: string;
  readonly faults: readonly MatrixFault[];
}

/** All rows. */
export const MATRIX_SECTIONS: readonly MatrixSection[] = [
  { title: "References that lead nowhere", faults: references },
  { title: "Local files", faults: localFiles },
  { title: "Statuses of the origin", faults: statuses },
  { title: "Connections, time and load", faults: connections },
  { title: "Headers and bodies of the origin", faults: bodies },
  { title: "Files that change", faults: changes },
  { title: "Contents of chunks", faults: chunkContents },
  { title: "Contents of indexes", faults: indexContents },
];
