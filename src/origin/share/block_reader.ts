/**
 * A file read in blocks, for indexes that lie scattered in the files they are about: an HDF5 file's
 * headers and B-trees, a TIFF's directories, a zip's end. What is asked for at about the same time
 * becomes few reads, and blocks stay in the cache of indexes.
 */

import type { ByteCache } from "../../byte_cache.ts";
import { IndexError } from "../../errors.ts";
import type { Origin } from "../origin.ts";
import type { SourceFile, Validator } from "../source_file.ts";

const BLOCK_BYTES = 32 * 1024;
/** Blocks that the first read asks for: most files' headers stand at their start. */
const FIRST_BLOCKS = 2;
/** Blocks between two that are wanted, that are read with them rather than asked around. */
const GAP_BLOCKS = 3;
const MOST_BLOCKS = 128;

export interface ReadCost {
  readonly requests: number;
  readonly bytes: number;
}

interface Waiting {
  readonly resolve: (block: Uint8Array) => void;
  readonly reject: (fault: unknown) => void;
  readonly promise: Promise<Uint8Array>;
}

/** One file in one state: a change between two reads is `source-changed`. */
export class BlockReader {
  readonly #wanted = new Map<number, Waiting>();
  readonly #reading = new Map<number, Promise<Uint8Array>>();
  /** The look at the file, and reads. */
  #requests = 1;
  #bytes = 0;

  private constructor(
    readonly origin: Origin,
    /** The file, with the validator that it had when it was opened. */
    readonly file: SourceFile,
    /** Bytes of the file. */
    readonly size: number,
    readonly cache: ByteCache,
    /** Tells this file in this state from others in the cache. */
    readonly key: string,
  ) {}

  /** Reads the file's first blocks, which tell its size and state. @throws OriginError, IndexError */
  static async open(origin: Origin, file: SourceFile, cache: ByteCache): Promise<BlockReader> {
    const info = await origin.head(file);
    if (info.length === undefined) {
      throw new IndexError("The origin does not tell how long the file is", { url: file.url.href });
    }
    const validator: Validator | undefined = file.validator ?? info.validator;
    const pinned = validator ? { ...file, validator } : file;
    const state = validator ? JSON.stringify(validator) : crypto.randomUUID();
    const key = `block ${file.url.href} ${info.length} ${state} `;
    return new BlockReader(origin, pinned, info.length, cache, key);
  }

  /** Whether the file still is in this state; never for one without a validator. @throws OriginError */
  async isCurrent(): Promise<boolean> {
    const { url, validator } = this.file;
    if (!validator) return false;
    const info = await this.origin.head({ url });
    return info.length === this.size && info.validator?.etag === validator.etag &&
      info.validator?.lastModified === validator.lastModified;
  }

  get cost(): ReadCost {
    return { requests: this.#requests, bytes: this.#bytes };
  }

  /** Exactly `length` bytes from `offset`, in bytes. @throws IndexError outside of the file; OriginError */
  async read(offset: number, length: number): Promise<Uint8Array> {
    if (!(offset >= 0) || !(length >= 0) || offset + length > this.size) {
      throw new IndexError("The index leads outside of its file: it is cut short or damaged", {
        url: this.file.url.href,
      });
    }
    if (length === 0) return new Uint8Array(0);
    const first = Math.floor(offset / BLOCK_BYTES);
    const last = Math.floor((offset + length - 1) / BLOCK_BYTES);
    const start = offset - first * BLOCK_BYTES;
    if (first === last) return (await this.#block(first)).subarray(start, start + length);
    const numbers = Array.from({ length: last - first + 1 }, (_, i) => first + i);
    const blocks = await Promise.all(numbers.map((number) => this.#block(number)));
    const joined = new Uint8Array(length);
    blocks.forEach((block, i) => {
      const from = i === 0 ? start : 0;
      const at = i === 0 ? 0 : i * BLOCK_BYTES - start;
      joined.set(block.subarray(from, from + length - at), at);
    });
    return joined;
  }

  async #block(number: number): Promise<Uint8Array> {
    const kept = this.cache.peek<Uint8Array>(this.key + number);
    if (kept) return kept;
    const reading = this.#reading.get(number);
    if (reading) return await reading;
    let waiting = this.#wanted.get(number);
    if (!waiting) {
      waiting = Promise.withResolvers<Uint8Array>();
      // What walks an index asks for many places at a time: they are read together.
      if (this.#wanted.size === 0) setTimeout(() => this.#readWanted(), 0);
      this.#wanted.set(number, waiting);
    }
    return await waiting.promise;
  }

  #readWanted(): void {
    const wanted = [...this.#wanted].sort(([a], [b]) => a - b);
    this.#wanted.clear();
    for (let i = 0; i < wanted.length;) {
      const first = wanted[i][0];
      let last = first;
      const run: Array<[number, Waiting]> = [];
      while (
        i < wanted.length && wanted[i][0] - last <= GAP_BLOCKS && wanted[i][0] - first < MOST_BLOCKS
      ) {
        last = wanted[i][0];
        run.push(wanted[i++]);
      }
      if (this.#bytes === 0) last = Math.max(last, first + FIRST_BLOCKS - 1);
      this.#readRun(first, last, run);
    }
  }

  #readRun(first: number, last: number, run: ReadonlyArray<[number, Waiting]>): void {
    const offset = first * BLOCK_BYTES;
    const length = Math.min((last + 1) * BLOCK_BYTES, this.size) - offset;
    this.#requests++;
    this.#bytes += length;
    const bytes = this.origin.read(this.file, { offset, length })
      .then((body) => body.bytes(length));
    const blocks = bytes.then((all) => {
      const cut: Uint8Array[] = [];
      for (let at = 0; at < all.length; at += BLOCK_BYTES) {
        // copied, so that a block that stays does not keep the others
        const block = all.slice(at, at + BLOCK_BYTES);
        cut.push(block);
        this.cache.set(this.key + (first + at / BLOCK_BYTES), block, block.length + 128);
      }
      return cut;
    });
    for (const [number, { resolve, reject }] of run) {
      const block = blocks.then((cut) => cut[number - first]);
      this.#reading.set(number, block);
      block.then(resolve, reject).finally(() => this.#reading.delete(number));
    }
  }
}
