/** Collects the entries of a reference set as they are read, and makes the index of them at the end. */

import { IndexError } from "../../src/errors.ts";
import { DocumentHierarchy, isMetadataName } from "../document_hierarchy.ts";
import { judgedRows, NO_BYTES, NO_URL, UNUSABLE_REFERENCES } from "./unusable_references.ts";
import { assignRows, rowsOf } from "./array_rows.ts";
import type { GeneratedReference } from "./generator.ts";
import type { EntryScanner, Span } from "../json_scanner.ts";
import { KeyGroup } from "./key_group.ts";
import { KeyNumbers } from "./key_numbers.ts";
import {
  ABSENT_ID,
  FIRST_URL_ID,
  INLINE_ID,
  UNUSABLE_ID,
} from "../references/packed_references.ts";
import { ArrayReferences } from "../references/array_references.ts";
import { ReferenceTable } from "../references/reference_table.ts";
import { ListedTargets } from "../references/targets.ts";
import { referenceUrl } from "../reference_url.ts";
import type { TemplateSet } from "./template_set.ts";
import { TextList, TextTable } from "../references/text_table.ts";

/** A reference set, read. */
export interface ReferenceSet {
  /** The nodes that the set's own documents make. */
  readonly hierarchy: DocumentHierarchy;
  /** Metadata keys whose document is a reference to another file. */
  readonly remoteDocuments: ReadonlySet<string>;
  /** By the path of the array. */
  readonly arrays: ReadonlyMap<string, ArrayReferences>;
  /** What may not be what the writer meant: the path of an array, and the rest of a sentence. */
  readonly doubts: ReadonlyArray<readonly [path: string, text: string]>;
  /** Bytes that all of it holds. */
  readonly heldBytes: number;
}

/** What is held while reading may be this many times what may be kept. */
const TRANSIENT_FACTOR = 4;

const decoder = new TextDecoder();
const encoder = new TextEncoder();
const BASE64 = encoder.encode("base64:");

/** Takes entries in the order of the file: of a key that comes twice, the last counts. */
export class ReferenceBuilder {
  readonly #documents = new Map<string, Uint8Array>();
  readonly #remoteDocuments = new Set<string>();
  readonly #groups = new Map<string, KeyGroup>();
  readonly #bases = new TextTable();
  readonly #urls = new TextTable();
  readonly #keyNumbers = new KeyNumbers();
  #inline = new Uint8Array(1024);
  #inlineLength = 0;
  #documentBytes = 0;
  #entries = 0;
  readonly #faults = [...UNUSABLE_REFERENCES];
  readonly #doubts: Array<readonly [string, string]> = [];
  #lastGroup: { base: number; group: KeyGroup } | undefined;
  /** The first entry that is no reference; thrown by {@link finish}, as this may be another container. */
  #fault: IndexError | undefined;

  /** Nothing is taken yet. @param maxBytes what may be held in the end */
  constructor(readonly maxBytes: number) {}

  /** Takes the entry that was scanned last. @throws IndexError `index-too-large` */
  add(entry: EntryScanner): void {
    const key = entry.textBytes(entry.key);
    if (entry.kind === "other") return this.#addFault(key, entry.fault);
    const isReference = entry.kind === "reference";
    if (isReference && !entry.isWhole && !(entry.offset >= 0 && entry.length >= 0)) {
      return this.#addFault(key, "its offset or length is not an exact number of bytes");
    }
    if (++this.#entries % 4096 === 0) this.#checkHeld();
    const isChunk = this.#keyNumbers.read(key, 0, key.length);
    if (!isReference) return this.#addBytes(key, isChunk, entry);
    if (!isChunk) return this.#addRemote(decoder.decode(key));
    const url = entry.urlIsNull ? undefined : entry.textBytes(entry.url);
    this.#addRange(key, url, entry.isWhole, entry.offset, entry.length);
  }

  /** Takes a reference that `gen` made. @throws IndexError `index-too-large` */
  addGenerated({ key, url, offset, length }: GeneratedReference): void {
    if (++this.#entries % 4096 === 0) this.#checkHeld();
    const bytes = encoder.encode(key);
    if (!this.#keyNumbers.read(bytes, 0, bytes.length)) return this.#addRemote(key);
    this.#addRange(bytes, encoder.encode(url), offset === undefined, offset ?? 0, length ?? 0);
  }

  /**
   * The index of what was taken.
   *
   * @param base the manifest's URL, which relative references are relative to
   * @throws IndexError for an entry that is no reference, templates that cannot be rendered, or
   * `index-too-large`
   */
  *finish(base: URL, templates: TemplateSet): Generator<void, ReferenceSet> {
    if (this.#fault) throw this.#fault;
    this.#checkHeld();
    const hierarchy = new DocumentHierarchy(this.#documents);
    const { urls, faultOf } = yield* this.#resolveUrls(base, templates);
    const inline = this.#inline.slice(0, this.#inlineLength);
    const targets = new ListedTargets(urls, inline, this.#faults);
    const arrays = yield* this.#buildArrays(hierarchy, faultOf, targets);
    let heldBytes = hierarchy.heldBytes + targets.heldBytes;
    for (const [path, { table }] of arrays) heldBytes += table.heldBytes + 2 * path.length + 192;
    if (heldBytes > this.maxBytes) throw tooLarge(this.maxBytes);
    return {
      hierarchy,
      remoteDocuments: this.#remoteDocuments,
      arrays,
      doubts: this.#doubts,
      heldBytes,
    };
  }

  #addFault(key: Uint8Array, why: string): void {
    const text = decoder.decode(key);
    this.#fault ??= new IndexError(`The reference of "${text.slice(0, 200)}" is invalid: ${why}`, {
      key: text,
    });
  }

  #addRange(
    key: Uint8Array,
    url: Uint8Array | undefined,
    isWhole: boolean,
    offset: number,
    length: number,
  ): void {
    if (!Number.isSafeInteger(offset + length)) {
      return this.#addFault(key, "its range ends beyond 2⁵³");
    }
    if (url === undefined || url.length === 0) {
      return isWhole
        ? this.#addRow(key, ABSENT_ID, 0, 0)
        : this.#addRow(key, UNUSABLE_ID, NO_URL, 0);
    }
    if (!isWhole && length === 0) {
      // a place and no bytes is how kerchunk writes what was never stored
      return offset > 0
        ? this.#addRow(key, ABSENT_ID, 0, 0)
        : this.#addRow(key, UNUSABLE_ID, NO_BYTES, 0);
    }
    const id = FIRST_URL_ID + this.#urls.add(url);
    this.#addRow(key, id, isWhole ? 0 : offset, isWhole ? 0 : length);
  }

  #addRemote(key: string): void {
    if (!isMetadataName(key.slice(key.lastIndexOf("/") + 1))) return;
    this.#remoteDocuments.add(key);
    this.#documents.delete(key);
  }

  #addBytes(key: Uint8Array, isChunk: boolean, entry: EntryScanner): void {
    const bytes = entry.kind === "string"
      ? this.#text(key, entry, entry.value)
      : entry.bytes.subarray(entry.value.start, entry.value.end);
    if (bytes === undefined) return;
    if (isChunk) {
      const offset = this.#addInline(bytes);
      return this.#addRow(key, INLINE_ID, offset, bytes.length);
    }
    const name = decoder.decode(key);
    this.#remoteDocuments.delete(name);
    this.#documents.set(name, bytes.slice());
    this.#documentBytes += 128 + bytes.length;
  }

  /** The bytes of a text value; undefined if its base64 is broken. */
  #text(key: Uint8Array, entry: EntryScanner, span: Span): Uint8Array | undefined {
    const bytes = entry.textBytes(span);
    if (!BASE64.every((byte, i) => bytes[i] === byte)) return bytes;
    try {
      return Uint8Array.fromBase64(decoder.decode(bytes.subarray(BASE64.length)));
    } catch {
      this.#addFault(key, "its base64 is broken");
      return undefined;
    }
  }

  #addInline(bytes: Uint8Array): number {
    const offset = this.#inlineLength;
    this.#inlineLength += bytes.length;
    if (this.#inlineLength > this.#inline.length) {
      if (this.#inlineLength > this.maxBytes) throw tooLarge(this.maxBytes);
      const grown = new Uint8Array(Math.max(this.#inline.length * 2, this.#inlineLength));
      grown.set(this.#inline.subarray(0, offset));
      this.#inline = grown;
    }
    this.#inline.set(bytes, offset);
    return offset;
  }

  #addRow(key: Uint8Array, id: number, offset: number, length: number): void {
    const tail = this.#keyNumbers;
    const base = this.#bases.add(key, 0, Math.min(tail.start, key.length));
    const last = this.#lastGroup;
    if (
      last?.base !== base || last.group.count !== tail.count || last.group.slashes !== tail.slashes
    ) {
      const id = `${base} ${tail.count} ${tail.slashes}`;
      let group = this.#groups.get(id);
      if (!group) {
        group = new KeyGroup(this.#bases.list.text(base), tail.count, tail.slashes);
        this.#groups.set(id, group);
      }
      this.#lastGroup = { base, group };
    }
    this.#lastGroup?.group.rows.add(tail.numbers, id, offset, length);
  }

  #checkHeld(): void {
    let held = this.#documentBytes + this.#inline.byteLength + this.#urls.heldBytes +
      this.#bases.heldBytes;
    for (const group of this.#groups.values()) held += group.rows.heldBytes;
    if (held > this.maxBytes * TRANSIENT_FACTOR) throw tooLarge(this.maxBytes);
  }

  *#resolveUrls(
    base: URL,
    templates: TemplateSet,
  ): Generator<void, { urls: TextList; faultOf: Map<number, number> }> {
    const urls = new TextList();
    const faultOf = new Map<number, number>();
    for (let number = 0; number < this.#urls.list.size; number++) {
      if (number % 64 === 0) yield;
      const text = this.#urls.list.text(number);
      const isTemplate = !templates.isEmpty && text.includes("{{");
      const rendered = isTemplate ? templates.render(text) : text;
      try {
        urls.append(encoder.encode(referenceUrl(rendered, base).href));
      } catch (fault) {
        if (!(fault instanceof IndexError)) throw fault;
        // thrown when a chunk needs it: one odd name must not close the rest
        faultOf.set(FIRST_URL_ID + number, this.#faults.push(fault) - 1);
        urls.append(new Uint8Array(0));
      }
    }
    return { urls: urls.trim(), faultOf };
  }

  *#buildArrays(
    hierarchy: DocumentHierarchy,
    faultOf: ReadonlyMap<number, number>,
    targets: ListedTargets,
  ): Generator<void, Map<string, ArrayReferences>> {
    const built = new Map<string, ArrayReferences>();
    const arrays = new Set(hierarchy.arrayPaths());
    for (const [id, group] of this.#groups) {
      for (const [path, rows] of assignRows(group, arrays)) {
        const source = rowsOf(hierarchy, path, group, rows);
        const layout = source && hierarchy.layout(path);
        if (!layout) continue;
        yield;
        const { rows: judged, doubts } = judgedRows(source, faultOf);
        for (const doubt of doubts) this.#doubts.push([path, doubt]);
        const table = yield* ReferenceTable.build(layout.chunks, judged);
        built.set(path, new ArrayReferences(layout, table, targets));
      }
      this.#groups.delete(id);
    }
    return built;
  }
}

/** The fault of an index that this server cannot hold. */
export function tooLarge(maxBytes: number): IndexError {
  return new IndexError(
    `The kerchunk JSON needs more than the ${
      Math.floor(maxBytes / 2 ** 20)
    } MiB that this server ` +
      "holds; convert it to kerchunk Parquet, which is read piece by piece: " +
      'kerchunk.df.refs_to_dataframe("refs.json", "refs.parq")',
    { maxBytes },
    undefined,
    "index-too-large",
  );
}
