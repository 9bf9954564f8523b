/**
 * One chunk as a representation.
 *
 * Its reference becomes a rope of stored bytes (`stored.ts`), whose length and the array's plan tell
 * how it is delivered (`delivery.ts`): spliced, then a client's range slices `[prefix, stored bytes]`
 * and only that is read (`rope.ts`); or converted, then all of it is read and decoded, once for all
 * who ask (`conversions.ts`), and the range slices what came out.
 */

import { ChunkError, IndexError } from "../errors.ts";
import type { RangeTags } from "../http/entity_tag.ts";
import type { BodyBytes, Representation } from "../http/representation.ts";
import type { Timing } from "../http/server_timing.ts";
import type { Origin } from "../origin/origin.ts";
import { stringifyJson } from "../json.ts";
import type { ArrayView } from "./array_view.ts";
import type { ChunkMemory } from "./memory.ts";
import { deliver, type Delivery, PLAN_VERSION } from "./delivery.ts";
import type { ChunkPlan } from "./tier.ts";
import type { ChunkRef } from "./ref.ts";
import {
  collectRope,
  readRope,
  type ReadSegment,
  ropeLength,
  type Segment,
  sliceRope,
} from "./rope.ts";
import { locate } from "./stored.ts";

/** What a chunk's answer is made from. */
export interface ChunkSource {
  readonly dataset: string;
  /** The version of the index that the chunk is listed in. */
  readonly version: string;
  /** The array as the view asked for shows it. */
  readonly array: ArrayView;
  /** Where the stored bytes are. */
  readonly ref: ChunkRef;
  /** What they are read through. */
  readonly origin: Origin;
  readonly tags: RangeTags;
  /** What bounds it together with all others. */
  readonly memory: ChunkMemory;
  /**
   * What the origin's files are held unchanged for, and cached for: this version of this index.
   * Undefined where they may change under it.
   */
  readonly epoch?: string;
  /** Which Zarr the client is shown; part of the entity tag. */
  readonly view: string;
  /** Who may keep the answer, and for how long: `Cache-Control`. */
  readonly cacheControl: string;
  /** What of the chunk is asked for: all of it for certain, pieces of it, or as conditions will tell. */
  readonly asked: "whole" | "pieces" | "conditions";
  /** True if nothing may be sent before all of it is there, however large. */
  readonly complete: boolean;
  /** Aborts once the client has left. */
  readonly signal: AbortSignal;
  /** Where the request's milliseconds are added up. */
  readonly timing: Timing;
}

/**
 * The representation of a chunk. Where the index knows its length, nothing is asked of the origin
 * before `open`; a whole object is looked at first for its length and state.
 *
 * @throws SluiceError
 */
export async function representChunk(source: ChunkSource): Promise<Representation> {
  const { array, ref, asked, cacheControl, memory, timing } = source;
  const plan = planOf(array, ref);
  const objects = asked !== "whole" ? "head" : plan.tier === "frame" ? "bytes" : "stream";
  const { rope, identity, offset } = await locate(ref, { ...source, objects });
  const within = ref.kind === "range" ? ref.within : undefined;
  const storedLength = ropeLength(rope);
  const encoding = String(ref.encoding ?? 0);
  const about = [source.version, source.view, identityOf(source), encoding, identity].join("\n");
  const etag = source.tags.tag(about, offset, storedLength);
  const facts = {
    etag,
    contentType: "application/octet-stream",
    cacheControl,
    timing: () => timing.header(),
  };
  const delivery = deliver(plan, storedLength, within);
  const stored = sliceRope(rope, delivery.stored);
  if (delivery.kind === "splice") {
    const prefix = delivery.prefix as Uint8Array<ArrayBuffer>;
    const spliced = prefix.length > 0 ? [prefix, ...stored] : stored;
    return {
      ...facts,
      length: delivery.contentLength,
      measure: () => Promise.resolve(delivery.contentLength),
      open: (range) => send(source, range ? sliceRope(spliced, range) : spliced),
    };
  }
  const key = `${source.dataset}\n${etag}`;
  let converting: Promise<Uint8Array<ArrayBuffer>> | undefined;
  const converted = () => converting ??= convert(source, delivery, key, stored);
  return {
    ...facts,
    length: delivery.contentLength ?? memory.conversions.peek(key)?.length,
    measure: async () => (await converted()).length,
    open: async (range) => {
      const bytes = await converted();
      const part = range ? bytes.subarray(range.offset, range.offset + range.length) : bytes;
      return memory.answers.body(part);
    },
  };
}

/** The plan of the encoding that a chunk has. */
function planOf({ plans }: ArrayView, { encoding = 0 }: ChunkRef): ChunkPlan {
  const plan = plans[encoding];
  if (plan) return plan;
  throw new IndexError(`The index names an encoding ${encoding} that its array does not have`);
}

/** A hash of all that the output of an array's chunks depends on besides their stored bytes. */
function identityOf({ array, tags }: ChunkSource): string {
  return tags.identity(array, () => {
    const { path, plan } = array;
    const { data_type, chunk_grid, codecs } = array.native;
    const served = { version: PLAN_VERSION, tier: plan.tier, codecs: plan.codecs };
    return stringifyJson({ path, served, native: { data_type, chunk_grid, codecs } });
  });
}

type Convert = Extract<Delivery, { kind: "convert" }>;

/** The bytes of `rope`, read as they are sent. */
function send(source: ChunkSource, rope: readonly Segment[]): Promise<BodyBytes> {
  const { memory: { answers }, complete, signal } = source;
  return readRope(rope, { read: reader(source, signal), answers, complete, signal });
}

/** All of a chunk, decoded and in its portable encoding. */
async function convert(
  source: ChunkSource,
  { contentLength, heldBytes, convert }: Convert,
  key: string,
  rope: readonly Segment[],
): Promise<Uint8Array<ArrayBuffer>> {
  const { asked, epoch, memory, signal, timing } = source;
  const bytes = await memory.conversions.convert({
    key,
    storedBytes: ropeLength(rope),
    heldBytes,
    inPieces: asked === "pieces" && (epoch !== undefined || rope.every(isSettled)),
    signal,
    read: (signal) => collectRope(rope, reader(source, signal)),
    decode: (stored, pace) => timing.measure("codec", () => convert(stored, pace)),
  });
  if (contentLength !== undefined && bytes.length !== contentLength) {
    throw new ChunkError(`A chunk gave ${bytes.length} bytes, not ${contentLength}`);
  }
  return bytes;
}

/** Whether a segment's bytes are the same whenever they are read, or the read fails. */
function isSettled(segment: Segment): boolean {
  return segment instanceof Uint8Array || segment.file.validator !== undefined;
}

/** Reads the files that the chunk lies in. */
function reader({ origin, epoch, timing }: ChunkSource, client: AbortSignal): ReadSegment {
  return ({ file, offset, length }, signal = client) =>
    timing.measure("origin", () => origin.read(file, { offset, length }, { signal, epoch }));
}
