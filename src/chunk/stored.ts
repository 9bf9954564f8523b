/** From a reference to the stored bytes that it means: a rope of known length, and what tells it from others. */

import { ChunkError } from "../errors.ts";
import { entityTag } from "../http/entity_tag.ts";
import type { Timing } from "../http/server_timing.ts";
import type { Origin } from "../origin/origin.ts";
import type { Validator } from "../origin/source_file.ts";
import type { ChunkRef } from "./ref.ts";
import { ropeLength, type Segment } from "./rope.ts";

/** Bytes that an object of undeclared length may have: it is read into memory for its length. */
const MAX_UNDECLARED_BYTES = 256 * 2 ** 20;

export interface Stored {
  /** In a row. */
  readonly rope: readonly Segment[];
  /** Where they are and in which state: the same text, the same bytes. */
  readonly identity: string;
  /** Bytes before the first, where they are one range of a file; else 0. */
  readonly offset: number;
}

export interface Looking {
  /** What objects are looked at through. */
  readonly origin: Origin;
  /** See `ReadOptions.epoch`. */
  readonly epoch?: string;
  /** Gives it up. */
  readonly signal: AbortSignal;
  /** Where the time goes. */
  readonly timing: Timing;
  /** How a whole object is found out about: by reading it, as a stream or into memory, or by HEAD. */
  readonly objects: "stream" | "bytes" | "head";
}

/**
 * Where the bytes of `ref` are. Nothing is asked of the origin but about whole objects, whose lengths
 * no index tells.
 *
 * @throws OriginError
 */
export async function locate(ref: ChunkRef, looking: Looking): Promise<Stored> {
  switch (ref.kind) {
    case "inline": {
      const bytes = ref.bytes as Uint8Array<ArrayBuffer>;
      return { rope: [bytes], identity: `inline\n${entityTag(bytes)}`, offset: 0 };
    }
    case "range": {
      const { file, offset, length, within } = ref;
      const part = within ? `\n${within.offset}+${within.length}` : "";
      const identity = `range\n${file.url.href}${stateText(file.validator)}${part}`;
      return { rope: [{ file, offset, length }], identity, offset };
    }
    case "object":
      return await locateObject(ref, looking);
    case "concat": {
      const parts = [];
      for (const part of ref.parts) {
        if (part.kind === "range" && part.within) {
          throw new ChunkError(
            "A part of a chunk is a slice of what it decodes to: none is decoded",
          );
        }
        parts.push(await locate(part, { ...looking, objects: "head" }));
      }
      const rope = parts.flatMap((part) => part.rope);
      const places = parts.map(({ identity, offset, rope }) =>
        `${identity}\n${offset}+${ropeLength(rope)}`
      );
      return { rope, identity: `concat\n${entityTag(places.join("\n"))}`, offset: 0 };
    }
  }
}

async function locateObject(
  { file }: Extract<ChunkRef, { kind: "object" }>,
  { origin, epoch, signal, timing, objects }: Looking,
): Promise<Stored> {
  const found = (segment: Segment, state: Validator | undefined): Stored => ({
    rope: segment.length > 0 ? [segment] : [],
    identity: `object\n${file.url.href}${stateText(state)}`,
    offset: 0,
  });
  if (objects === "head") {
    const info = await timing.measure("origin", () => origin.head(file, { signal }));
    if (info.length !== undefined) {
      // What is read next must be the object that was looked at.
      const validator = file.validator ?? info.validator;
      const seen = { file: { ...file, validator }, offset: 0, length: info.length };
      return found(seen, info.validator);
    }
  }
  const body = await timing.measure(
    "origin",
    () => origin.read(file, undefined, { signal, epoch }),
  );
  if (body.length !== undefined && objects === "stream") {
    return found({ file, offset: 0, length: body.length, opened: body }, body.validator);
  }
  const bytes = await timing.measure("origin", () => body.bytes(MAX_UNDECLARED_BYTES));
  return found(bytes, body.validator);
}

function stateText(validator: Validator | undefined): string {
  return validator ? `\n${validator.etag ?? ""}\n${validator.lastModified ?? ""}` : "";
}
