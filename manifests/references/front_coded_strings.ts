/**
 * Many short byte strings in one buffer by front coding: each stored once and without what it shares
 * with the one before. Locations of neighbouring chunks share most of their text, and compressed
 * locations the header of their frame, so this is a half to a fifth of their size.
 */

import { detach } from "../detach.ts";

/** Strings between two that are stored whole. A lookup reads at most this many. */
const RUN = 16;
/** Bytes that a string can share with the one before. */
const MAX_SHARED = 255;
/** Slots looked at before a string counts as new: a file may be made of colliding ones. */
const MAX_PROBES = 64;
/** Bytes of a string that is looked for among those before; longer ones are inline chunks, all different. */
const MAX_HASHED = 4096;

/** A finished table: string number → bytes. */
export class FrontCodedStrings {
  readonly #heap: Uint8Array;
  readonly #runs: Uint32Array;
  /** What the next string may share; used within one call only. */
  readonly #start = new Uint8Array(MAX_SHARED);

  /**
   * Takes over what a builder wrote.
   *
   * @param heap the strings
   * @param runs where each run of them starts in `heap`
   * @param size number of strings
   */
  constructor(heap: Uint8Array, runs: Uint32Array, readonly size: number) {
    this.#heap = heap;
    this.#runs = runs;
  }

  /** Bytes that the table holds. */
  get bytes(): number {
    return this.#heap.byteLength + this.#runs.byteLength;
  }

  /** A copy of string `id`. */
  get(id: number): Uint8Array<ArrayBuffer> {
    const heap = this.#heap;
    const start = this.#start;
    let at = this.#runs[Math.floor(id / RUN)];
    for (let left = id % RUN;; left--) {
      const shared = heap[at++];
      let own = 0;
      let scale = 1;
      for (;;) {
        const byte = heap[at++];
        own += (byte & 0x7f) * scale;
        if (byte < 0x80) break;
        scale *= 128;
      }
      if (left === 0) {
        const result = new Uint8Array(shared + own);
        for (let i = 0; i < shared; i++) result[i] = start[i];
        if (own < 64) { for (let i = 0; i < own; i++) result[shared + i] = heap[at + i]; }
        else result.set(heap.subarray(at, at + own), shared);
        return result;
      }
      const kept = Math.min(own, MAX_SHARED - shared);
      for (let i = 0; i < kept; i++) start[shared + i] = heap[at + i];
      at += own;
    }
  }
}

/**
 * Builds a {@link FrontCodedStrings} of slices of one buffer. Equal slices get the same number.
 */
export class FrontCodedStringsBuilder {
  readonly #source: Uint8Array;
  #heap = new Uint8Array(1024);
  #used = 0;
  #size = 0;
  #runs = new Uint32Array(64);
  /** Where the string of each number lies in the source, to compare with. */
  #starts = new Uint32Array(64);
  #lengths = new Uint32Array(64);
  #hashes = new Uint32Array(64);
  /** Open addressing: number + 1 by hash. */
  #slots = new Uint32Array(256);
  /** What was added lately, by position: writers share strings. */
  readonly #recent = new Uint32Array(1024);
  #budget: number;
  /** Bytes that strings too long to be compared may still have. */
  #longBytes: number;

  /** Empty at first. @param source what all slices are of */
  constructor(source: Uint8Array) {
    this.#source = source;
    // Slices of one buffer may overlap without end; real files read each byte once or so.
    this.#budget = 16 * source.length + (1 << 20);
    this.#longBytes = source.length;
  }

  /**
   * Makes room for `count` more strings. Memory is taken as it is written to, so that room for too
   * many costs nothing, and growing step by step costs copies.
   */
  reserve(count: number): void {
    const strings = 2 ** Math.ceil(Math.log2(this.#size + count + 1));
    if (strings <= this.#starts.length) return;
    this.#starts = resized(this.#starts, strings);
    this.#lengths = resized(this.#lengths, strings);
    this.#hashes = resized(this.#hashes, strings);
    this.#rehash(2 * strings);
    const bytes = Math.min(this.#source.length, this.#used + 64 * count);
    if (bytes > this.#heap.length) this.#heap = new Uint8Array(this.#heap.buffer.transfer(bytes));
  }

  /**
   * The number of `source[start, start + length)`.
   *
   * @throws RangeError if the slices added so far overlap far more often than any writer makes them
   */
  add(start: number, length: number): number {
    const recent = (start >>> 2) & 1023;
    const guess = this.#recent[recent] - 1;
    if (guess >= 0 && this.#starts[guess] === start && this.#lengths[guess] === length) {
      return guess;
    }
    if (length > MAX_HASHED) {
      this.#longBytes -= length;
      if (this.#longBytes < 0) throw new RangeError("long slices overlap");
      const id = this.#append(start, length, 0);
      this.#recent[recent] = id + 1;
      return id;
    }
    this.#spend(length);
    const hash = this.#hash(start, length);
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (let steps = 0;; slot = (slot + 1) & mask) {
      const found = this.#slots[slot];
      if (found === 0) break;
      const id = found - 1;
      const mayBe = this.#hashes[id] === hash && this.#lengths[id] === length;
      if (mayBe && this.#same(id, start)) {
        this.#recent[recent] = found;
        return id;
      }
      if (++steps > MAX_PROBES) {
        slot = -1;
        break;
      }
    }
    const id = this.#append(start, length, hash);
    if (slot >= 0) this.#slots[slot] = id + 1;
    this.#recent[recent] = id + 1;
    if (this.#size * 2 > this.#slots.length) this.#rehash(this.#slots.length * 2);
    return id;
  }

  /** The table. Nothing can be added any more. */
  finish(): FrontCodedStrings {
    for (const used of [this.#starts, this.#lengths, this.#hashes, this.#slots]) detach(used);
    return new FrontCodedStrings(
      new Uint8Array(this.#heap.buffer.transfer(this.#used)),
      new Uint32Array(this.#runs.buffer.transfer(4 * Math.ceil(this.#size / RUN))),
      this.#size,
    );
  }

  #hash(start: number, length: number): number {
    const source = this.#source;
    const end = start + length;
    let hash = length;
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ source[i], 0x01000193);
    return (hash ^ (hash >>> 15)) >>> 0;
  }

  #same(id: number, start: number): boolean {
    const source = this.#source;
    const other = this.#starts[id];
    let i = this.#lengths[id] - 1;
    while (i >= 0 && source[start + i] === source[other + i]) i--;
    this.#spend(this.#lengths[id] - i);
    return i < 0;
  }

  #spend(bytes: number): void {
    this.#budget -= bytes;
    if (this.#budget < 0) throw new RangeError("slices overlap too often");
  }

  #append(start: number, length: number, hash: number): number {
    const source = this.#source;
    const id = this.#size++;
    let shared = 0;
    if (id % RUN === 0) {
      const run = id / RUN;
      if (run === this.#runs.length) this.#runs = resized(this.#runs, 2 * run);
      this.#runs[run] = this.#used;
    } else {
      const before = this.#starts[id - 1];
      const limit = Math.min(length, this.#lengths[id - 1], MAX_SHARED);
      while (shared < limit && source[before + shared] === source[start + shared]) shared++;
    }
    let own = length - shared;
    const needed = this.#used + own + 8;
    if (needed > this.#heap.length) {
      const bytes = Math.max(needed, Math.ceil(this.#heap.length * 1.5));
      this.#heap = new Uint8Array(this.#heap.buffer.transfer(bytes));
    }
    const heap = this.#heap;
    heap[this.#used++] = shared;
    while (own >= 0x80) {
      heap[this.#used++] = (own & 0x7f) | 0x80;
      own = Math.floor(own / 128);
    }
    heap[this.#used++] = own;
    if (length - shared < 64) {
      let to = this.#used;
      for (let i = start + shared; i < start + length; i++) heap[to++] = source[i];
    } else heap.set(source.subarray(start + shared, start + length), this.#used);
    this.#used += length - shared;
    if (id === this.#starts.length) {
      this.#starts = resized(this.#starts, 2 * id);
      this.#lengths = resized(this.#lengths, 2 * id);
      this.#hashes = resized(this.#hashes, 2 * id);
    }
    this.#starts[id] = start;
    this.#lengths[id] = length;
    this.#hashes[id] = hash;
    return id;
  }

  #rehash(size: number): void {
    const slots = new Uint32Array(size);
    const mask = slots.length - 1;
    for (let id = 0; id < this.#size; id++) {
      if (this.#lengths[id] > MAX_HASHED) continue;
      let slot = this.#hashes[id] & mask;
      for (let steps = 0; slots[slot] !== 0 && steps < MAX_PROBES; steps++) {
        slot = (slot + 1) & mask;
      }
      if (slots[slot] === 0) slots[slot] = id + 1;
    }
    detach(this.#slots);
    this.#slots = slots;
  }
}

function resized(values: Uint32Array<ArrayBuffer>, length: number): Uint32Array<ArrayBuffer> {
  return new Uint32Array(values.buffer.transfer(4 * length));
}
