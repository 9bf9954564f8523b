/** A large manifest file between its arrival and its place in the cache. */

import { IndexError } from "../../src/errors.ts";
import { oneTurn } from "../slices.ts";
import { mustFitCache } from "./cache_limit.ts";
import { parsing } from "./flatbuffer.ts";
import { type ManifestFile, ManifestReader } from "./manifest_file.ts";

/**
 * Turns the FlatBuffer of a manifest file into columns a little at a time, and answers from the
 * buffer meanwhile: a million references take some tenths of a second, and the first client need not
 * wait for them.
 *
 * Every method throws an IndexError if the file is malformed.
 */
export class ManifestLoading {
  readonly #body: Uint8Array<ArrayBuffer>;
  readonly #path: string;
  readonly #reader: ManifestReader;
  #steps: Generator<void, ManifestFile> | undefined;
  #file: ManifestFile | undefined;
  #fault: unknown;

  /**
   * Begins with a file that has just arrived.
   *
   * @param body has its buffer for itself
   * @param maxBytes that the columns may hold
   */
  constructor(body: Uint8Array<ArrayBuffer>, id: string, readonly maxBytes: number) {
    this.#body = body;
    this.#path = `manifests/${id}`;
    this.#reader = this.#guarded(() => new ManifestReader(body));
    if (this.#reader.id !== id) {
      this.#fault = new IndexError(`A file holds another object, ${this.#reader.id}`, {
        path: this.#path,
      });
      this.#release();
      throw this.#fault;
    }
  }

  /** Does the next part of the work, some milliseconds of it; the file once all is done. */
  step(): ManifestFile | undefined {
    if (this.#file) return this.#file;
    if (this.#fault) throw this.#fault;
    return this.#guarded(() => {
      this.#steps ??= this.#reader.read();
      const { done, value } = oneTurn(this.#steps);
      if (!done) return undefined;
      mustFitCache(this.#path, value.bytes, this.maxBytes);
      this.#file = value;
      this.#release();
      return value;
    });
  }

  /**
   * The file, or as much of it as it takes to find one reference. Undefined as long as the reference
   * was not found and the file is not known to be in order.
   */
  excerpt(node: string, coords: readonly number[]): ManifestFile | undefined {
    if (this.#fault) throw this.#fault;
    return this.#file ?? this.#guarded(() => this.#reader.excerpt(node, coords));
  }

  #guarded<T>(run: () => T): T {
    try {
      return parsing(`The file ${this.#path}`, run);
    } catch (error) {
      this.#fault = error;
      this.#release();
      throw this.#fault;
    }
  }

  /** Up to hundreds of megabytes, with room to spare behind the body: not left to the collector. */
  #release(): void {
    this.#steps = undefined;
    this.#body.buffer.transfer(0);
  }
}
