/** Reads reference sets from a stream, version 0 and 1, holding a window of its text at a time. */

import { IndexError } from "../../src/errors.ts";
import { type Json, parseJson } from "../../src/json.ts";
import { generateReferences } from "./generator.ts";
import { inSlices, Turn } from "../slices.ts";
import { EntryScanner, INCOMPLETE } from "../json_scanner.ts";
import { ReferenceBuilder, type ReferenceSet, tooLarge } from "./reference_builder.ts";
import { TemplateSet } from "./template_set.ts";

const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const COMMA = 0x2c;
const decoder = new TextDecoder();

/** JSON text may be this many times what is held of it; more is a decompression bomb. */
const TEXT_FACTOR = 24;

/** What a file of references holds. */
export interface ReferenceFile {
  /** One, unless the file is a list. */
  readonly sets: readonly ReferenceSet[];
  /** True for a JSON array of sets, as kerchunk writes for a GRIB file: one a message. */
  readonly isList: boolean;
}

/**
 * Reads a whole file.
 *
 * @param text the JSON, as UTF-8
 * @param base the URL that relative references are relative to
 * @param maxBytes what the result may hold
 * @throws IndexError
 */
export async function readReferences(
  text: AsyncIterable<Uint8Array>,
  base: URL,
  maxBytes: number,
): Promise<ReferenceFile> {
  const reader = new ReferenceReader(sliced(text), base, maxBytes);
  try {
    return await reader.read();
  } finally {
    await reader.close();
  }
}

/** A part that is taken into the window at a time. */
const PART_BYTES = 1 << 18;

async function* sliced(input: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const turn = new Turn();
  for await (const part of input) {
    for (let at = 0; at < part.length; at += PART_BYTES) {
      yield part.subarray(at, at + PART_BYTES);
      if (turn.isOver) await turn.pass();
    }
  }
}

class ReferenceReader {
  readonly #scanner = new EntryScanner();
  readonly #input: AsyncIterator<Uint8Array>;
  /** The window's bytes; `#scanner.end` of them are read. */
  #buffer = new Uint8Array(1 << 16);
  #at = 0;
  #read = 0;
  #held = 0;

  constructor(
    input: AsyncIterator<Uint8Array>,
    readonly base: URL,
    readonly maxBytes: number,
  ) {
    this.#input = input;
    this.#scanner.bytes = this.#buffer;
  }

  /** Gives the input up. */
  async close(): Promise<void> {
    await this.#input.return?.();
  }

  async read(): Promise<ReferenceFile> {
    await this.#skipByteOrderMark();
    const sets: ReferenceSet[] = [];
    const isList = await this.#byte() === OPEN_ARRAY;
    if (!isList) sets.push(await this.#readSet());
    while (isList && this.#buffer[this.#at] !== CLOSE_ARRAY) {
      this.#at++;
      if (await this.#byte() === CLOSE_ARRAY && sets.length === 0) break;
      sets.push(await this.#readSet());
      const delimiter = await this.#byte();
      if (delimiter !== COMMA && delimiter !== CLOSE_ARRAY) {
        throw this.#scanner.malformed(this.#at, '"," or "]"');
      }
    }
    if (isList) this.#at++;
    await this.#drain();
    return { sets, isList };
  }

  async #readSet(): Promise<ReferenceSet> {
    const scanner = this.#scanner;
    const budget = this.maxBytes - this.#held;
    await this.#open();
    // Version 0 is a flat object of entries; version 1 has them in "refs". Which it is may only be
    // known at the end: both are collected until then.
    const flat = new ReferenceBuilder(budget);
    let refs: ReferenceBuilder | undefined;
    const members = new Map<string, Json>();
    while (!scanner.closed) {
      const value = await this.#scan(() => scanner.scanKey(this.#at));
      const key = scanner.text(scanner.key);
      if (key === "refs" && scanner.bytes[value] === OPEN_OBJECT) {
        refs = new ReferenceBuilder(budget);
        this.#at = value;
        await this.#open();
        await this.#entries(refs);
        this.#at = await this.#scan(() => scanner.scanDelimiter(this.#at));
      } else if (key === "version" || key === "templates" || key === "gen") {
        const end = await this.#scan(() => this.#scanMember());
        const quote = scanner.kind === "string" ? 1 : 0;
        members.set(key, this.#json(key, scanner.value.start - quote, scanner.value.end + quote));
        this.#at = end;
      } else {
        await this.#entries(flat, 1);
      }
    }
    const version = members.get("version");
    if (version !== undefined && version !== 1) {
      throw new IndexError(`The kerchunk reference set is of version ${JSON.stringify(version)}`);
    }
    const isFlat = version === undefined && refs === undefined;
    const templates = new TemplateSet(isFlat ? undefined : members.get("templates"));
    const builder = isFlat ? flat : refs ?? new ReferenceBuilder(budget);
    const generated = isFlat ? [] : generateReferences(members.get("gen"), templates);
    const set = await inSlices((function* (base: URL) {
      for (const reference of generated) {
        builder.addGenerated(reference);
        yield;
      }
      return yield* builder.finish(base, templates);
    })(this.base));
    this.#held += set.heldBytes;
    return set;
  }

  /** A whole entry and its delimiter, from the key. */
  #scanMember(): number {
    const value = this.#scanner.scanKey(this.#at);
    const end = value === INCOMPLETE ? INCOMPLETE : this.#scanner.scanValue(value);
    return end === INCOMPLETE ? INCOMPLETE : this.#scanner.scanDelimiter(end);
  }

  #json(key: string, start: number, end: number): Json {
    try {
      return parseJson(decoder.decode(this.#buffer.subarray(start, end)));
    } catch (cause) {
      throw new IndexError(`Cannot parse "${key}" of the kerchunk reference set`, {}, cause);
    }
  }

  /** Goes to the next byte that is not white space, and returns it. */
  async #byte(): Promise<number> {
    const scanner = this.#scanner;
    this.#at = await this.#scan(() => {
      const at = scanner.skipSpace(this.#at);
      return at < scanner.end ? at : INCOMPLETE;
    });
    return this.#buffer[this.#at];
  }

  async #skipByteOrderMark(): Promise<void> {
    if (await this.#byte() !== 0xef) return;
    await this.#scan(() => this.#scanner.end >= 3 ? 3 : INCOMPLETE);
    if (this.#buffer[1] === 0xbb && this.#buffer[2] === 0xbf) this.#at = 3;
  }

  /** Goes into the object that starts here; `closed` if it is empty. */
  async #open(): Promise<void> {
    const scanner = this.#scanner;
    if (await this.#byte() !== OPEN_OBJECT) throw scanner.malformed(this.#at, "an object");
    this.#at++;
    scanner.closed = await this.#byte() === CLOSE_OBJECT;
    if (scanner.closed) this.#at++;
  }

  /** Takes entries up to the end of the object, or `most` of them. */
  async #entries(builder: ReferenceBuilder, most = Infinity): Promise<void> {
    const scanner = this.#scanner;
    for (let taken = 0; taken < most && !scanner.closed; taken++) {
      let end = this.#scanMember();
      if (end === INCOMPLETE) end = await this.#scan(() => this.#scanMember());
      builder.add(scanner);
      this.#at = end;
    }
  }

  /** Repeats `scan` with a wider window until it is complete. */
  async #scan(scan: () => number): Promise<number> {
    for (;;) {
      const end = scan();
      if (end !== INCOMPLETE) return end;
      await this.#widen();
    }
  }

  /** Drops what was taken, and reads until the window holds twice what it did, or at least one part. */
  async #widen(): Promise<void> {
    const scanner = this.#scanner;
    const kept = scanner.end - this.#at;
    this.#buffer.copyWithin(0, this.#at, scanner.end);
    this.#at = 0;
    scanner.end = kept;
    const wanted = Math.max(kept * 2, 1);
    while (scanner.end < wanted) {
      const { done, value } = await this.#input.next();
      if (done) {
        if (scanner.end > kept) return;
        throw new IndexError("Cannot parse the index as JSON: it ends in the middle");
      }
      this.#append(value);
    }
  }

  #append(bytes: Uint8Array): void {
    const scanner = this.#scanner;
    this.#read += bytes.length;
    const end = scanner.end + bytes.length;
    if (end > this.maxBytes || this.#read > this.maxBytes * TEXT_FACTOR) {
      throw tooLarge(this.maxBytes);
    }
    if (end > this.#buffer.length) {
      const grown = new Uint8Array(Math.max(this.#buffer.length * 2, end));
      grown.set(this.#buffer.subarray(0, scanner.end));
      this.#buffer = grown;
      scanner.bytes = grown;
    }
    this.#buffer.set(bytes, scanner.end);
    scanner.end = end;
  }

  /** Reads what is behind the object: nothing but space. */
  async #drain(): Promise<void> {
    const scanner = this.#scanner;
    for (;;) {
      const at = scanner.skipSpace(this.#at);
      if (at < scanner.end) throw scanner.malformed(at, "the end");
      this.#at = 0;
      scanner.end = 0;
      const { done, value } = await this.#input.next();
      if (done) return;
      this.#append(value);
    }
  }
}
