/** Many distinct texts, held once each as UTF-8 bytes in one buffer. */

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Texts by number, in one buffer. */
export class TextList {
  #bytes = new Uint8Array(1024);
  /** Where each text starts; one more than there are texts. */
  #starts = new Float64Array(64);
  #count = 0;

  /** Number of texts. */
  get size(): number {
    return this.#count;
  }

  /** Bytes that this holds. */
  get heldBytes(): number {
    return this.#bytes.byteLength + this.#starts.byteLength;
  }

  /** The text with that number. */
  text(number: number): string {
    return decoder.decode(this.bytes(number));
  }

  /** Its bytes; a view. */
  bytes(number: number): Uint8Array {
    return this.#bytes.subarray(this.#starts[number], this.#starts[number + 1]);
  }

  /** Appends the text in `bytes[start, end)`. */
  append(bytes: Uint8Array, start = 0, end = bytes.length): void {
    const at = this.#starts[this.#count];
    const next = at + end - start;
    if (next > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#bytes.length * 2, next));
      grown.set(this.#bytes.subarray(0, at));
      this.#bytes = grown;
    }
    this.#bytes.set(bytes.subarray(start, end), at);
    if (this.#count + 2 > this.#starts.length) {
      const grown = new Float64Array(this.#starts.length * 2);
      grown.set(this.#starts);
      this.#starts = grown;
    }
    this.#starts[++this.#count] = next;
  }

  /** True if text `number` is `bytes[start, end)`. */
  equals(number: number, bytes: Uint8Array, start: number, end: number): boolean {
    const from = this.#starts[number];
    const length = this.#starts[number + 1] - from;
    if (length !== end - start) return false;
    // names differ at their ends, so compare from there
    for (let i = length - 1; i >= 0; i--) {
      if (this.#bytes[from + i] !== bytes[start + i]) return false;
    }
    return true;
  }

  /** Gives back the room for further texts. */
  trim(): this {
    this.#bytes = this.#bytes.slice(0, this.#starts[this.#count]);
    this.#starts = this.#starts.slice(0, this.#count + 1);
    return this;
  }
}

/** Numbers distinct texts in order of first appearance. */
export class TextTable {
  /** The texts by their numbers. */
  readonly list = new TextList();
  #slots = new Uint32Array(128);
  #last = -1;

  /** Bytes that this holds. */
  get heldBytes(): number {
    return this.list.heldBytes + this.#slots.byteLength;
  }

  /** The number of the text in `bytes[start, end)`, given on its first appearance. */
  add(bytes: Uint8Array, start = 0, end = bytes.length): number {
    // the same file follows the same file
    if (this.#last >= 0 && this.list.equals(this.#last, bytes, start, end)) return this.#last;
    const mask = this.#slots.length - 1;
    let slot = hash(bytes, start, end) & mask;
    for (let entry = this.#slots[slot]; entry !== 0; entry = this.#slots[slot]) {
      if (this.list.equals(entry - 1, bytes, start, end)) return this.#last = entry - 1;
      slot = (slot + 1) & mask;
    }
    this.list.append(bytes, start, end);
    this.#slots[slot] = this.list.size;
    if (this.list.size * 2 > this.#slots.length) this.#rehash();
    return this.#last = this.list.size - 1;
  }

  #rehash(): void {
    const slots = new Uint32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let number = 0; number < this.list.size; number++) {
      const bytes = this.list.bytes(number);
      let slot = hash(bytes, 0, bytes.length) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = number + 1;
    }
    this.#slots = slots;
  }
}

/** FNV-1a. */
function hash(bytes: Uint8Array, start: number, end: number): number {
  let value = 0x811c9dc5;
  for (let i = start; i < end; i++) value = Math.imul(value ^ bytes[i], 0x01000193);
  return (value ^ value >>> 15) >>> 0;
}
