/** Text of variable length that the document itself has (`vlsa`), as `vlen-utf8` stores it. */

import { inflateSync } from "node:zlib";
import { IndexError } from "../../src/errors.ts";
import { overLimit } from "../node_tree.ts";
import type { ElementReader, XmlStart } from "./xml.ts";

const encoder = new TextEncoder();

/** Takes the values of an array. */
export class TextValues implements ElementReader {
  readonly #runs: Array<{ readonly text: Uint8Array; readonly count: number }> = [];
  #elements = 0;
  #bytes = 0;

  /** @param maxBytes that the array may take */
  constructor(readonly path: string, readonly maxBytes: number) {}

  /** As `ElementReader.child`. */
  child({ name, attributes }: XmlStart): ElementReader | undefined {
    if (name !== "v") return undefined;
    const [size, count] = [attributes.get("s"), attributes.get("c") ?? "1"];
    return {
      end: (text) => {
        const bytes = size === undefined ? encoder.encode(text) : this.#inflated(text, size);
        if (!/^\d{1,15}$/.test(count)) throw this.#malformed();
        this.#elements += Number(count);
        this.#bytes += Number(count) * (4 + bytes.length);
        if (this.#bytes > this.maxBytes) throw overLimit("The text of an array", this.maxBytes);
        this.#runs.push({ text: bytes, count: Number(count) });
      },
    };
  }

  /** The chunk that is the whole array. @throws IndexError if it has not as many elements */
  encoded(elements: number): Uint8Array {
    if (elements !== this.#elements) throw this.#malformed();
    const bytes = new Uint8Array(4 + this.#bytes);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, elements, true);
    let at = 4;
    for (const { text, count } of this.#runs) {
      for (let i = 0; i < count; i++) {
        view.setUint32(at, text.length, true);
        bytes.set(text, at + 4);
        at += 4 + text.length;
      }
    }
    return bytes;
  }

  #inflated(text: string, size: string): Uint8Array {
    if (!/^\d{1,15}$/.test(size) || Number(size) > this.maxBytes) throw this.#malformed();
    try {
      const most = Math.max(1, Number(size));
      const bytes = inflateSync(Uint8Array.fromBase64(text.trim()), { maxOutputLength: most });
      if (bytes.length === Number(size)) return bytes;
    } catch (cause) {
      throw this.#malformed(cause);
    }
    throw this.#malformed();
  }

  #malformed(cause?: unknown): IndexError {
    return new IndexError(`The text of the variable "/${this.path}" is malformed`, {}, cause);
  }
}
