/** Strong entity tags from what determines a body. */

import { sha256 } from "@noble/hashes/sha2.js";
import { LRUCache } from "lru-cache";

const encoder = new TextEncoder();

/** 96 bits of SHA-256 over `data`, as a quoted entity tag. */
export function entityTag(data: string | Uint8Array): string {
  return new TagHash().update(typeof data === "string" ? encoder.encode(data) : data).tag();
}

/** The {@link entityTag} of what comes piece by piece. */
export class TagHash {
  readonly #hash = sha256.create();

  /** Adds the next bytes. */
  update(bytes: Uint8Array): this {
    this.#hash.update(bytes);
    return this;
  }

  /** The tag; nothing can be added afterwards. */
  tag(): string {
    return `"${this.#hash.digest().subarray(0, 12).toHex()}"`;
  }
}

const REMEMBERED_FILES = 1000;

/** Entity tags of byte ranges: a hash of what is the same for all of a file, then the range as it is. */
export class RangeTags {
  readonly #hashes = new LRUCache<string, string>({ max: REMEMBERED_FILES });
  readonly #identities = new WeakMap<object, string>();

  /** A hash of `describe()`, which is called once for each `subject`. */
  identity(subject: object, describe: () => string): string {
    let identity = this.#identities.get(subject);
    if (identity === undefined) {
      identity = entityTag(describe()).slice(1, -1);
      this.#identities.set(subject, identity);
    }
    return identity;
  }

  /** The tag of `length` bytes from `offset`. @param file everything else that determines the body */
  tag(file: string, offset: number, length: number): string {
    let hash = this.#hashes.get(file);
    if (hash === undefined) {
      hash = entityTag(file).slice(1, -1);
      this.#hashes.set(file, hash);
    }
    return `"${hash}-${offset.toString(36)}-${length.toString(36)}"`;
  }
}
