/** One chunk as a representation: what is asked of the origin, and what is put in front of it. */

import type { ByteRange } from "../byte_range.ts";
import { deliver, type Delivery, PLAN_VERSION } from "./delivery.ts";
import { entityTag, type RangeTags } from "../http/entity_tag.ts";
import { ChunkError } from "../errors.ts";
import type { Manifest } from "../manifest.ts";
import type { ChunkRef } from "./ref.ts";
import type { Validator } from "../origin/source_file.ts";
import type { Origin, OriginBody } from "../origin/origin.ts";
import type { BodyBytes, Representation } from "../http/representation.ts";
import type { ArrayView } from "./array_view.ts";
import { prepend } from "./prepend.ts";
import type { Timing } from "../http/server_timing.ts";
import { stringifyJson } from "../json.ts";

/** Encoded bytes that are read into memory at most, for a chunk that must be decoded here. */
const MAX_CONVERT_BYTES = 256 * 2 ** 20;

/** Up to here a body is collected: a short one is then a plain error, for 6 µs of CPU. */
const COLLECTED_BYTES = 8192;

/** What a chunk's answer is made from. */
export interface ChunkSource {
  /** The opened index that the chunk is listed in. */
  readonly manifest: Manifest;
  /** The array as the view asked for shows it. */
  readonly array: ArrayView;
  /** Where the stored bytes are. */
  readonly ref: ChunkRef;
  /** What they are read through. */
  readonly origin: Origin;
  /** The dataset's entity tags. */
  readonly tags: RangeTags;
  /**
   * What the origin's files are held unchanged for, and cached for: this version of this index.
   * Undefined where they may change under it.
   */
  readonly epoch?: string;
  /** Which Zarr the client is shown; part of the entity tag. */
  readonly view: string;
  /** Who may keep the answer, and for how long: `Cache-Control`. */
  readonly cacheControl: string;
  /** Conversions under way by entity tag, so that many clients of one chunk cost one; undefined: each its own. */
  readonly conversions?: Map<string, Promise<Uint8Array>>;
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
 * @param whole true if all bytes will be asked for (a GET without a range or condition)
 * @throws SluiceError
 */
export async function representChunk(
  source: ChunkSource,
  whole: boolean,
): Promise<Representation> {
  const { ref } = source;
  if (ref.kind === "inline") return fromLength(source, ref.bytes.length, []);
  if (ref.kind === "range") {
    return fromLength(source, ref.length, validatorText(ref.file.validator));
  }
  const { origin, signal, timing, epoch } = source;
  if (!whole) {
    const info = await timing.measure("origin", () => origin.head(ref.file, { signal }));
    if (info.length !== undefined) {
      // What is read next must be the object that was looked at.
      const file = { ...ref.file, validator: ref.file.validator ?? info.validator };
      const seen = { ...source, ref: { ...ref, file } };
      return fromLength(seen, info.length, validatorText(info.validator));
    }
  }
  const body = await timing.measure(
    "origin",
    () => origin.read(ref.file, undefined, { signal, epoch }),
  );
  const state = validatorText(body.validator);
  if (body.length !== undefined) return fromLength(source, body.length, state, body);
  const bytes = await timing.measure("origin", () => body.bytes(MAX_CONVERT_BYTES));
  return fromLength(source, bytes.length, state, bytes);
}

/** A representation of a chunk whose encoded length is known, and perhaps its bytes or body already. */
function fromLength(
  source: ChunkSource,
  encodedLength: number,
  state: string[],
  opened?: OriginBody | Uint8Array<ArrayBuffer>,
): Representation {
  const { array, manifest, ref, timing } = source;
  const delivery = deliver(array.plan, encodedLength);
  const where = ref.kind === "inline" ? entityTag(ref.bytes) : ref.file.url.href;
  const identity = source.tags.identity(array, () => describe(array));
  const file = [manifest.version, source.view, identity, ref.kind, where, ...state].join("\n");
  const etag = source.tags.tag(file, ref.kind === "range" ? ref.offset : 0, encodedLength);
  return {
    etag,
    contentType: "application/octet-stream",
    cacheControl: source.cacheControl,
    length: delivery.contentLength,
    timing: () => timing.header(),
    open: (range) => {
      const bytes = opened ??
        (ref.kind === "inline" ? ref.bytes as Uint8Array<ArrayBuffer> : undefined);
      return delivery.kind === "convert"
        ? convert(source, delivery, etag, encodedLength, bytes, range)
        : splice(source, delivery, encodedLength, bytes, range);
    },
  };
}

/** All that the output of an array's chunks depends on besides their stored bytes. */
function describe({ path, native, plan }: ArrayView): string {
  const { data_type, chunk_grid, codecs } = native;
  const served = { version: PLAN_VERSION, tier: plan.tier, codecs: plan.codecs };
  return stringifyJson({ path, served, native: { data_type, chunk_grid, codecs } });
}

async function convert(
  source: ChunkSource,
  delivery: Extract<Delivery, { kind: "convert" }>,
  etag: string,
  encodedLength: number,
  opened: OriginBody | Uint8Array<ArrayBuffer> | undefined,
  range: ByteRange | undefined,
): Promise<BodyBytes> {
  if (encodedLength > MAX_CONVERT_BYTES) {
    throw new ChunkError(
      `A chunk of ${encodedLength} bytes is over the ${MAX_CONVERT_BYTES} that are decoded here`,
    );
  }
  const encoded = opened instanceof Uint8Array ? opened : await source.timing.measure(
    "origin",
    async () => await (opened ?? await read(source, 0, encodedLength)).bytes(encodedLength),
  );
  const converted = await source.timing.measure(
    "codec",
    () => once(source.conversions, etag, () => delivery.convert(encoded)),
  );
  if (delivery.contentLength !== undefined && converted.length !== delivery.contentLength) {
    throw new ChunkError(
      `A chunk gave ${converted.length} bytes, not ${delivery.contentLength}`,
    );
  }
  const bytes = converted as Uint8Array<ArrayBuffer>;
  return range ? bytes.subarray(range.offset, range.offset + range.length) : bytes;
}

/** Runs `work` unless it is under way under `key`; what it gave is not remembered. */
function once<T>(
  running: Map<string, Promise<T>> | undefined,
  key: string,
  work: () => Promise<T>,
): Promise<T> {
  if (!running) return work();
  let result = running.get(key);
  if (!result) {
    result = work().finally(() => running.delete(key));
    running.set(key, result);
  }
  return result;
}

/** Bytes `range` of the prefix followed by the stored bytes, of which only those are read. */
async function splice(
  source: ChunkSource,
  delivery: Extract<Delivery, { kind: "splice" }>,
  encodedLength: number,
  opened: OriginBody | Uint8Array<ArrayBuffer> | undefined,
  range: ByteRange | undefined,
): Promise<BodyBytes> {
  const { trimStart } = delivery;
  const from = range?.offset ?? 0;
  const to = from + (range?.length ?? delivery.contentLength);
  const prefix = delivery.prefix.subarray(from, to) as Uint8Array<ArrayBuffer>;
  const payloadFrom = trimStart + Math.max(0, from - delivery.prefix.length);
  const payloadLength = to - from - prefix.length;
  if (opened instanceof Uint8Array) {
    const payload = opened.subarray(payloadFrom, payloadFrom + payloadLength);
    return prefix.length === 0 ? payload : join(prefix, payload);
  }
  if (payloadLength === 0) return prefix;
  const intact = payloadLength === encodedLength;
  if (opened && !intact) {
    const bytes = await opened.bytes(MAX_CONVERT_BYTES);
    return join(prefix, bytes.subarray(payloadFrom, payloadFrom + payloadLength));
  }
  const body = opened ?? await source.timing.measure(
    "origin",
    () => read(source, payloadFrom, payloadLength),
  );
  if (source.complete && payloadLength <= MAX_CONVERT_BYTES) {
    const whole = await body.bytes(payloadLength, prefix.length);
    whole.set(prefix);
    return whole;
  }
  if (prefix.length > 0) return await prepend(prefix, body, payloadLength);
  return payloadLength <= COLLECTED_BYTES ? await body.bytes(payloadLength) : body.stream();
}

/** Reads stored bytes `[from, from + length)` of the chunk. */
function read(source: ChunkSource, from: number, length: number): Promise<OriginBody> {
  const { ref, origin, signal, epoch } = source;
  if (ref.kind === "inline") throw new ChunkError("An inline chunk has no origin");
  const base = ref.kind === "range" ? ref.offset : 0;
  return origin.read(ref.file, { offset: base + from, length }, { signal, epoch });
}

function join(prefix: Uint8Array, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(prefix.length + payload.length);
  joined.set(prefix);
  joined.set(payload, prefix.length);
  return joined;
}

function validatorText(validator: Validator | undefined): string[] {
  return validator ? [validator.etag ?? "", String(validator.lastModified ?? "")] : [];
}
