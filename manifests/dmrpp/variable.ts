/** A variable of a DMR++ document: what its elements say of its data, and the array that they make. */

import { IndexError } from "../../src/errors.ts";
import { type Json, type JsonObject, stringifyJson } from "../../src/json.ts";
import { unwrittenValue } from "../../src/zarr/fill_value.ts";
import type { Encoding } from "../../src/zarr/metadata.ts";
import { missingValuesFromV2 } from "../../src/zarr/v2/missing_values.ts";
import { missingValue } from "../../src/zarr/v2/to_v3.ts";
import { filterCodec, type Hdf5Filter } from "../hdf5_filters.ts";
import { maskedEncodings } from "../hdf5/array.ts";
import { contiguousRun, servedChunkShape } from "../hdf5/served_grid.ts";
import type { IndexBuilder, Range } from "../index_builder.ts";
import { repeated } from "../references/repeated.ts";
import { type Element, type Enumeration, type FixedText, variableElement } from "./element.ts";
import { TextValues } from "./text_values.ts";
import type { ElementReader, XmlStart } from "./xml.ts";

export type { Enumeration } from "./element.ts";

/** A dimension of a variable. */
export interface Dimension {
  /** Its name, without its groups. */
  readonly name: string;
  /** Elements. */
  readonly length: number;
}

/** HDF5's numbers of the filters that DMR++ names. */
const FILTERS: Readonly<Record<string, number>> = { deflate: 1, shuffle: 2, fletcher32: 3 };
/** What fill values say that are none. */
const UNSUPPORTED_FILL = /^unsupported-/;

/** Takes a variable's elements; its chunks go to the index as they come. */
export class Variable {
  /** Its own, from the slowest. */
  readonly dimensions: Dimension[] = [];
  /** What its values are called, of an `Enum`. */
  enumeration: Enumeration | undefined;
  #fixedText: FixedText | undefined;
  #hasChunks = false;
  #fill: string | undefined;
  #isBigEndian = false;
  #filters: readonly Hdf5Filter[] = [];
  #masks: readonly number[] = [0];
  #chunkShape: readonly number[] | undefined;
  /** Contiguous data, in its order. */
  readonly #blocks: Range[] = [];
  #blockMask = 0;
  /** Pieces of a chunk that is not complete yet. */
  #linked: { coords: readonly number[]; encoding: number; pieces: Range[] } | undefined;
  #values: { kind: "compact" | "missing"; bytes: Uint8Array } | undefined;
  #texts: TextValues | undefined;
  /** Elements that hold data: more than one is not known to mean anything. */
  readonly #kinds = new Set<string>();
  #unsupported: string | undefined;

  /** @param file the data file, as a reference in the document */
  constructor(
    readonly path: string,
    readonly type: string,
    readonly index: IndexBuilder,
    readonly file: () => string,
    readonly maxBytes: number,
  ) {
    if (type === "Structure" || type === "Sequence" || type === "Opaque") {
      this.#unsupported = `a ${type} of DAP has no Zarr form`;
    }
  }

  /** Takes an element that says something of its data. @throws IndexError */
  child(start: XmlStart): ElementReader | undefined {
    if (this.#unsupported !== undefined) return undefined;
    const { name, attributes } = start;
    switch (name) {
      case "chunks":
        return this.#chunks(start);
      case "chunk":
      case "block":
        this.#kinds.add("chunks");
        this.#addBlock(attributes);
        return undefined;
      case "compact":
      case "missingdata":
        this.#kinds.add(name);
        return {
          end: (text) => {
            const kind = name === "compact" ? name : "missing";
            this.#values = { kind, bytes: fromBase64(text, this.path) };
          },
        };
      case "vlsa":
        this.#kinds.add(name);
        return this.#texts = new TextValues(this.path, this.maxBytes);
      case "FixedLengthStringArray":
        this.#fixedText = {
          bytes: integer(attributes.get("string_length"), this.path),
          padding: attributes.get("pad") ?? "not_set",
        };
        return undefined;
      case "specialstructuredata":
        this.#unsupported = "structures have no Zarr form";
        return undefined;
      default:
        return undefined;
    }
  }

  #chunks({ attributes }: XmlStart): ElementReader {
    this.#hasChunks = true;
    const fill = attributes.get("fillValue");
    if (fill !== undefined && !UNSUPPORTED_FILL.test(fill)) this.#fill = fill;
    this.#isBigEndian = /^BE$/i.test(attributes.get("byteOrder") ?? "");
    if (attributes.has("structOffset")) {
      this.#unsupported = "it is a part of a structure";
      return {};
    }
    const names = attributes.get("compressionType")?.trim().split(/\s+/).filter(Boolean) ?? [];
    this.#filters = names.map((name) => ({ id: FILTERS[name] ?? -1, name, parameters: [] }));
    const unknown = names.find((name) => FILTERS[name] === undefined);
    if (unknown !== undefined) {
      this.#unsupported = `DMR++ does not tell the parameters of the filter "${unknown}"`;
      return {};
    }
    this.#masks = maskedEncodings([], names.map((name) => ({ name }))).masks;
    return {
      child: ({ name, attributes }) => {
        if (name === "chunkDimensionSizes") {
          return {
            end: (text) => {
              const sizes = text.trim() === "" ? [] : text.trim().split(/\s+/);
              if (this.#kinds.has("chunks")) throw this.#malformed("its chunks have no shape");
              this.#chunkShape = sizes.map((size) => integer(size, this.path));
              if (
                this.#chunkShape.length !== this.dimensions.length || this.#chunkShape.includes(0)
              ) throw this.#malformed("its chunks have another shape than it");
            },
          };
        }
        if (name !== "chunk" && name !== "block") return undefined;
        this.#kinds.add("chunks");
        if (this.#chunkShape) this.#addChunk(attributes, this.#chunkShape);
        else this.#addBlock(attributes);
        return undefined;
      },
      end: () => this.#finishLinked(),
    };
  }

  #range(attributes: ReadonlyMap<string, string>): Range {
    return {
      url: attributes.get("href") ?? this.file(),
      offset: integer(attributes.get("offset"), this.path),
      length: integer(attributes.get("nBytes"), this.path),
    };
  }

  #encoding(attributes: ReadonlyMap<string, string>): number {
    const mask = integer(attributes.get("fm") ?? "0", this.path) % 2 ** this.#filters.length;
    const found = this.#masks.indexOf(mask);
    if (found < 0) throw this.#malformed("a chunk skips some of its many filters");
    return found;
  }

  #addBlock(attributes: ReadonlyMap<string, string>): void {
    const encoding = this.#encoding(attributes);
    if (this.#blocks.length > 0 && encoding !== this.#blockMask) {
      throw this.#malformed("its blocks differ in their filters");
    }
    this.#blockMask = encoding;
    this.#blocks.push(this.#range(attributes));
  }

  #addChunk(attributes: ReadonlyMap<string, string>, shape: readonly number[]): void {
    const coords = this.#coords(attributes.get("chunkPositionInArray"), shape);
    const encoding = this.#encoding(attributes);
    const range = this.#range(attributes);
    const linked = attributes.get("LinkedBlockIndex");
    if (linked !== undefined && integer(linked, this.path) > 0) {
      if (
        this.#linked?.coords.join() !== coords.join() || this.#linked.encoding !== encoding ||
        this.#linked.pieces.length !== Number(linked)
      ) throw this.#malformed("pieces of a chunk are missing");
      this.#linked.pieces.push(range);
      return;
    }
    this.#finishLinked();
    if (linked !== undefined) this.#linked = { coords, encoding, pieces: [range] };
    else this.index.chunk(this.path, coords, { kind: "range", ...range, encoding });
  }

  #finishLinked(): void {
    if (!this.#linked) return;
    const { coords, encoding, pieces } = this.#linked;
    this.#linked = undefined;
    this.#addJoined(coords, pieces, encoding);
  }

  #addJoined(coords: readonly number[], pieces: readonly Range[], encoding: number): void {
    const rows = adjoined(pieces);
    this.index.chunk(
      this.path,
      coords,
      rows.length === 1
        ? { kind: "range", ...rows[0], encoding }
        : { kind: "joined", pieces: rows, encoding },
    );
  }

  #coords(position: string | undefined, shape: readonly number[]): number[] {
    const inside = position?.trim().replace(/^\[|\]$/g, "") ?? "";
    const isOnly = this.dimensions.every(({ length }, i) => length <= shape[i]);
    if (inside === "" && isOnly) return shape.map(() => 0);
    const starts = inside.split(",").map((text) => integer(text.trim(), this.path));
    const isPlace = starts.length === shape.length && starts.every((at, i) => at % shape[i] === 0);
    if (!isPlace) throw this.#malformed(`the chunk at "${position}" is in no place of its grid`);
    return starts.map((at, i) => at / shape[i]);
  }

  /** Gives the array to the index. @throws IndexError */
  finish(attributes: JsonObject): void {
    const shape = this.dimensions.map(({ length }) => length);
    const whole = shape.map((length) => Math.max(1, length));
    const element = variableElement(
      this.#texts ? "text" : this.type,
      this.#fixedText,
      this.enumeration,
      this.#isBigEndian,
    );
    const elements = shape.reduce((product, length) => product * length, 1);
    const bytes = elements * element.bytes;
    const unsupported = this.#unsupported ?? element.reason ?? this.#doubtful(bytes);
    const shownAttributes = { ...element.attributes, ...attributes };
    const own = (this.#fill === undefined ? undefined : element.value(this.#fill)) ??
      element.value("0");
    const { fill, isOwn } = fillOf(element, own, shownAttributes);
    const isZlib = this.#values?.kind === "missing" && elements !== 1;
    const filters = isZlib ? [{ id: 1, name: "", parameters: [] }] : this.#filters;
    const applied = this.#kinds.has("chunks") || isZlib ? filters : [];
    const codecs = unsupported === undefined
      ? applied.map((filter) => filterCodec(filter, element.bytes))
      : this.#filters.map(({ name }) => ({ name: `hdf5.${name}` }));
    let encodings: readonly Encoding[] = unsupported === undefined
      ? maskedEncodings(element.codecs, codecs).encodings
      : [{ codecs: [...element.codecs, ...codecs] }];
    let chunkShape = this.#chunkShape ?? whole;
    if (unsupported === undefined && elements > 0) {
      const zeros = shape.map(() => 0);
      if (this.#texts) {
        const text = this.#texts.encoded(elements);
        this.index.chunk(this.path, zeros, { kind: "inline", bytes: text });
      } else if (this.#values) {
        this.index.chunk(this.path, zeros, { kind: "inline", bytes: this.#values.bytes });
      } else if (!this.#chunkShape && this.#blocks.length > 0) {
        const isOne = applied.length === 0 && this.#blocks.length === 1;
        if (isOne) chunkShape = this.#addParts(shape, element.bytes);
        else this.#addJoined(zeros, this.#blocks, this.#blockMask);
        const short = shape.map((length, i) => length % chunkShape[i] || chunkShape[i]);
        if (isOne && short.some((length, i) => length < chunkShape[i])) {
          encodings = [...encodings, { codecs: encodings[0].codecs, chunkShape: short }];
        }
      }
    }
    const isSparse = this.#values === undefined && !this.#texts && this.#blocks.length === 0;
    const chunkElements = chunkShape.reduce((product, length) => product * length, 1);
    this.index.node(this.path, {
      zarr_format: 3,
      node_type: "array",
      shape,
      data_type: element.dataType as Json,
      chunk_grid: { name: "regular", configuration: { chunk_shape: chunkShape } },
      chunk_key_encoding: { name: "default", configuration: { separator: "/" } },
      fill_value: fill,
      codecs: encodings[0].codecs as unknown as Json,
      attributes: missingValuesFromV2(shownAttributes, undefined, element.dataType),
      dimension_names: this.dimensions.map(({ name }) => name),
    }, {
      ...(encodings.length > 1 && { encodings }),
      ...(unsupported !== undefined && { unsupported }),
      ...(unsupported === undefined && !isOwn && isSparse && {
        unwritten: () => ({
          kind: "concat" as const,
          parts: repeated(element.stored(own), chunkElements * element.bytes),
          encoding: encodings.length - 1,
        }),
      }),
    });
  }

  /** Contiguous data, in parts where it is large. Returns their shape. */
  #addParts(shape: readonly number[], elementBytes: number): readonly number[] {
    const [{ url, offset }] = this.#blocks;
    const part = servedChunkShape({ class: "contiguous", length: 0 }, shape, elementBytes);
    const grid = shape.map((length, i) => Math.ceil(length / part[i]));
    const count = grid.reduce((product, n) => product * n, 1);
    const coords = grid.map(() => 0);
    for (let i = 0; i < count; i++) {
      const run = contiguousRun(shape, part, elementBytes, coords);
      const isShort = coords.some((at, d) => (at + 1) * part[d] > shape[d]);
      const length = run.length;
      const range = { kind: "range" as const, url, offset: offset + run.offset, length };
      this.index.chunk(this.path, coords, { ...range, encoding: isShort ? 1 : 0 });
      for (let d = grid.length - 1; d >= 0 && ++coords[d] === grid[d]; d--) coords[d] = 0;
    }
    return part;
  }

  /** Why its data cannot be told to be what its type says. */
  #doubtful(bytes: number): string | undefined {
    if (this.#kinds.size > 1) return `it has data in ${[...this.#kinds].join(" and in ")}`;
    if (this.#kinds.size === 0) {
      return this.#hasChunks && this.#fill !== undefined
        ? undefined
        : "the document does not say where its data are";
    }
    const isRaw = this.#values?.kind === "compact" ||
      this.#values?.kind === "missing" &&
        this.dimensions.reduce((product, { length }) => product * length, 1) === 1;
    const stored = isRaw
      ? this.#values!.bytes.length
      : this.#blocks.length > 0 && this.#filters.length === 0
      ? this.#blocks.reduce((sum, { length }) => sum + length, 0)
      : bytes;
    return stored === bytes ? undefined : `it has ${stored} bytes instead of ${bytes}`;
  }

  #malformed(why: string): IndexError {
    return new IndexError(`The variable "/${this.path}" is malformed: ${why}`);
  }
}

/** The array's fill value, and whether it is what unwritten elements hold (as hdf5/array.ts has it). */
function fillOf(
  { dataType, isNumber }: Element,
  own: Json,
  attributes: JsonObject,
): { readonly fill: Json; readonly isOwn: boolean } {
  if (!isNumber) return { fill: dataType === "bool" ? own : unwrittenValue(dataType), isOwn: true };
  const isChosen = Number(own) !== 0;
  const isNamed = attributes._FillValue !== undefined || !isChosen;
  const fill = isNamed ? missingValue(attributes, dataType) : own;
  return { fill, isOwn: stringifyJson(fill) === stringifyJson(own) };
}

/** Pieces, those in one where one ends where the next begins. */
function adjoined(pieces: readonly Range[]): Range[] {
  const rows: Range[] = [];
  for (const piece of pieces) {
    const last = rows.at(-1);
    if (last && last.url === piece.url && last.offset + last.length === piece.offset) {
      rows[rows.length - 1] = { ...last, length: last.length + piece.length };
    } else rows.push(piece);
  }
  return rows;
}

function integer(text: string | undefined, path: string): number {
  const value = text !== undefined && /^\d+$/.test(text) ? Number(text) : NaN;
  if (!Number.isSafeInteger(value)) {
    throw new IndexError(`The variable "/${path}" has "${text}" where a whole number belongs`);
  }
  return value;
}

function fromBase64(text: string, path: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(text.trim());
  } catch (cause) {
    throw new IndexError(`The data of the variable "/${path}" are no base64`, {}, cause);
  }
}
