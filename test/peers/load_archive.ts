/** Chunks of many sizes in the encodings of all tiers, and what each must be answered with. */

import { deflateSync, zstdDecompressSync } from "node:zlib";

/** How a chunk is served. */
export type Tier = "pass" | "frame" | "transcode";

/** Bytes of an encoded chunk, about → chunks of that size, and how often one is asked for. */
const SIZES: ReadonlyArray<readonly [bytes: number, chunks: number, weight: number]> = [
  [1 << 10, 64, 40],
  [16 << 10, 32, 30],
  [128 << 10, 12, 20],
  [512 << 10, 4, 7],
  [2 << 20, 2, 3],
];
/** URLs that the archive is served under: each has its own chunks as far as the gateway knows. */
const COPIES = 24;

const V2: Record<Tier, { filters: unknown; compressor: unknown }> = {
  pass: { filters: null, compressor: null },
  frame: { filters: [{ id: "shuffle", elementsize: 4 }], compressor: { id: "zlib", level: 1 } },
  transcode: {
    filters: [{ id: "delta", dtype: "<i4", astype: "<i4" }],
    compressor: { id: "zlib", level: 1 },
  },
};

/** Where a chunk is, and what it holds. */
export interface ArchiveChunk {
  readonly tier: Tier;
  /** The array's path. */
  readonly array: string;
  readonly offset: number;
  readonly length: number;
  /** The decoded chunk. */
  readonly raw: Uint8Array;
}

/** The archive and the references to it. */
export class LoadArchive {
  readonly bytes: Uint8Array;
  /** Array → its chunks in the archive. */
  readonly arrays = new Map<string, ArchiveChunk[]>();
  readonly #weighted: Array<readonly [arrays: string[], weight: number]> = [];

  constructor() {
    const parts: Uint8Array[] = [];
    let end = 0;
    for (const [size, count, weight] of SIZES) {
      const names: string[] = [];
      for (const tier of ["pass", "frame", "transcode"] as const) {
        const array = `${tier}-${size}`;
        names.push(array);
        const chunks = Array.from({ length: count }, (_, i) => {
          const raw = rawChunk(tier === "pass" ? size : size * 2, size * 31 + i * 7 + tier.length);
          const stored = encoded(tier, raw);
          // a gap, so that a read at a wrong place is wrong
          end += 13;
          parts.push(new Uint8Array(13).fill(0xee), stored);
          const chunk = { tier, array, offset: end, length: stored.length, raw };
          end += stored.length;
          return chunk;
        });
        this.arrays.set(array, chunks);
      }
      this.#weighted.push([names, weight]);
    }
    this.bytes = new Uint8Array(end);
    let at = 0;
    for (const part of parts) {
      this.bytes.set(part, at);
      at += part.length;
    }
  }

  /** kerchunk JSON; chunk `i` of an array is chunk `i % n` of the archive, in copy `i / n`. */
  references(origin: string): string {
    const refs: Record<string, unknown> = { ".zgroup": '{"zarr_format":2}' };
    for (const [array, chunks] of this.arrays) {
      const elements = chunks[0].raw.length / 4;
      refs[`${array}/.zarray`] = JSON.stringify({
        zarr_format: 2,
        shape: [elements * chunks.length * COPIES],
        chunks: [elements],
        dtype: "<i4",
        order: "C",
        fill_value: -1,
        ...V2[chunks[0].tier],
      });
      refs[`${array}/.zattrs`] = '{"_ARRAY_DIMENSIONS":["x"]}';
      for (let copy = 0; copy < COPIES; copy++) {
        chunks.forEach(({ offset, length }, i) => {
          const url = `${origin}copy-${copy}.dat`;
          refs[`${array}/${copy * chunks.length + i}`] = [url, offset, length];
        });
      }
    }
    return JSON.stringify({ version: 1, refs });
  }

  /** A chunk by chance, small ones more often: its key, and what it is. */
  any(random: () => number): { key: string; chunk: ArchiveChunk } {
    const total = this.#weighted.reduce((sum, [, weight]) => sum + weight, 0);
    let at = random() * total;
    const [names] = this.#weighted.find(([, weight]) => (at -= weight) < 0) ?? this.#weighted[0];
    const array = names[Math.floor(random() * names.length)];
    const chunks = this.arrays.get(array)!;
    const i = Math.floor(random() * chunks.length * COPIES);
    return { key: `${array}/c/${i}`, chunk: chunks[i % chunks.length] };
  }

  /** What the store must answer, byte for byte; undefined where only the decoded values are settled. */
  expected({ tier, offset, length, raw }: ArchiveChunk): Uint8Array | undefined {
    const stored = this.bytes.subarray(offset, offset + length);
    if (tier === "pass") return stored;
    if (tier === "transcode") return undefined;
    const framed = new Uint8Array(24 + length);
    const view = new DataView(framed.buffer);
    // Blosc 1, one block: shuffled by bytes, not split, zlib; DESIGN §3
    framed.set([2, 1, 0x01 | 0x10 | 3 << 5, 4]);
    view.setUint32(4, raw.length, true);
    view.setUint32(8, raw.length, true);
    view.setUint32(12, 24 + length, true);
    view.setUint32(16, 20, true);
    view.setUint32(20, length, true);
    framed.set(stored, 24);
    return framed;
  }
}

/** Compares answers with what they must be, by digest. */
export class BodyCheck {
  /** Chunk → digests of answers that were found right. */
  readonly #right = new Map<ArchiveChunk, Set<string>>();

  constructor(private readonly archive: LoadArchive) {}

  /** Undefined if `body` is the whole answer for `chunk`; else what is wrong. */
  async problem(chunk: ArchiveChunk, body: Uint8Array<ArrayBuffer>): Promise<string | undefined> {
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", body)).toHex();
    const right = this.#right.get(chunk) ?? new Set();
    this.#right.set(chunk, right);
    if (right.has(digest)) return undefined;
    const expected = this.archive.expected(chunk);
    const same = expected ? equal(body, expected) : equal(zstdDecompressSync(body), chunk.raw);
    if (same) right.add(digest);
    return same ? undefined : `${body.length} bytes that are not those of the chunk`;
  }
}

/** True if both hold the same bytes. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** Little-endian int32 of 16 random bits each: about half of it is left when it is deflated. */
function rawChunk(bytes: number, seed: number): Uint8Array {
  let state = seed | 1;
  const values = new Int32Array(bytes / 4);
  for (let i = 0; i < values.length; i++) {
    state = Math.imul(state ^ state << 13, 1);
    state ^= state >>> 17;
    state ^= state << 5;
    values[i] = state & 0xffff;
  }
  return new Uint8Array(values.buffer);
}

function encoded(tier: Tier, raw: Uint8Array): Uint8Array {
  if (tier === "pass") return raw;
  if (tier === "frame") {
    const count = raw.length / 4;
    const shuffled = new Uint8Array(raw.length);
    for (let i = 0; i < raw.length; i++) shuffled[(i & 3) * count + (i >> 2)] = raw[i];
    return deflateSync(shuffled, { level: 1 });
  }
  const values = new Int32Array(raw.buffer);
  const steps = values.map((value, i) => i === 0 ? value : value - values[i - 1]);
  return deflateSync(new Uint8Array(steps.buffer), { level: 1 });
}
