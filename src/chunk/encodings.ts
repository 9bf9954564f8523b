/**
 * An array of several encodings (HDF5's filter masks, a TIFF's short last strip) under one set of codecs:
 * the cheapest that hold for the usual chunks, and what makes the others fit them.
 */

import type { DecodeStep } from "../codecs/decode_steps.ts";
import { stringifyJson } from "../json.ts";
import { chunkShape } from "../zarr/chunk_grid.ts";
import type { ArrayMetadata, Codec, Encoding } from "../zarr/metadata.ts";
import { planStoredFrame } from "./frame.ts";
import { readPipeline } from "./pipeline.ts";
import { planArray } from "./plan.ts";
import type { ChunkPlan } from "./tier.ts";
import { planDecoding, planTranscode, transcodeTo } from "./transcode.ts";

/**
 * The plan of each encoding, by its index (`ChunkRef.encoding`). All have the `codecs` of the first,
 * which the portable metadata declare. Never throws: if no codecs hold for all, the first is `native`
 * and the others, unless they are the same, are `refused`.
 *
 * @param encodings those of the node; none means the one that `metadata` has
 */
export function planEncodings(
  metadata: ArrayMetadata,
  encodings: readonly Encoding[] = [],
): readonly ChunkPlan[] {
  const usual = planArray(metadata);
  const rest = encodings.slice(1);
  const plans = rest.map((encoding) => planAs(usual, metadata, encoding));
  if (usual.tier === "native" || plans.every((plan) => plan !== undefined)) {
    return [usual, ...plans.map((plan) => plan ?? refused(usual))];
  }
  // What is decoded anyway is the same whatever it was encoded with.
  const pipeline = readPipeline(metadata);
  const decoded = "reason" in pipeline ? pipeline : planTranscode(pipeline);
  if (!("reason" in decoded)) {
    const transcoded = rest.map((encoding) => planAs(decoded, metadata, encoding));
    if (transcoded.every((plan) => plan !== undefined)) return [decoded, ...transcoded];
  }
  const native: ChunkPlan = {
    tier: "native",
    codecs: metadata.codecs,
    reason: "its chunks have several encodings that no codecs here hold for",
  };
  return [native, ...rest.map(() => refused(native))];
}

/** The plans of a view that shows the array's own codecs: what is encoded otherwise is refused. */
export function planNative(
  { codecs }: ArrayMetadata,
  encodings: readonly Encoding[] = [],
): readonly ChunkPlan[] {
  const plan: ChunkPlan = { tier: "pass", codecs };
  return [plan, ...encodings.slice(1).map((other) => same(codecs, other) ? plan : refused(plan))];
}

function refused({ codecs }: ChunkPlan): ChunkPlan {
  return {
    tier: "refused",
    codecs,
    reason: "A chunk is encoded otherwise than its array's metadata say",
  };
}

function same(codecs: readonly Codec[], { codecs: others, chunkShape }: Encoding): boolean {
  return chunkShape === undefined && equal(codecs, others);
}

function equal(codecs: readonly Codec[], others: readonly Codec[]): boolean {
  return stringifyJson(codecs) === stringifyJson(others);
}

/** How chunks of `encoding` are served in the codecs of `usual`; undefined if they cannot be. */
function planAs(
  usual: ChunkPlan,
  metadata: ArrayMetadata,
  encoding: Encoding,
): ChunkPlan | undefined {
  if (same(metadata.codecs, encoding)) return usual;
  if (usual.tier === "native" || usual.tier === "refused") return undefined;
  const { codecs } = usual;
  const shape = encoding.chunkShape;
  const stored: ArrayMetadata = {
    ...metadata,
    codecs: encoding.codecs,
    ...(shape && { chunk_grid: { name: "regular", configuration: { chunk_shape: shape } } }),
  };
  const pipeline = readPipeline(stored);
  if ("reason" in pipeline) return undefined;
  if (!shape) {
    const own = planArray(stored);
    if (own.tier === usual.tier && equal(own.codecs, codecs)) return own;
    if (usual.tier === "frame") {
      // Each frame tells its own inner codec and shuffle; what is in front of it must be the same.
      const leading = codecs.slice(0, -1);
      const framed = own.tier === "pass" && equal(own.codecs, leading)
        ? planStoredFrame(pipeline, codecs)
        : own.tier === "frame" && equal(own.codecs.slice(0, -1), leading)
        ? { ...own, codecs }
        : undefined;
      if (framed) return framed;
    }
  }
  const raw = planDecoding(pipeline);
  if ("reason" in raw) return undefined;
  if (!shape) return transcodeTo(codecs, raw);
  const padded = padding(metadata, shape, raw.bytes);
  return padded && raw.codecs.every(({ name }) => name !== "transpose")
    ? transcodeTo(codecs, {
      ...raw,
      decode: [...raw.decode, padded],
      bytes: padded.decoded.bytes,
    })
    : undefined;
}

/** Zeros behind chunks that are shorter along one dimension; they lie beyond the array's end. */
function padding(
  metadata: ArrayMetadata,
  shape: readonly number[],
  given: number,
): DecodeStep | undefined {
  const whole = chunkShape(metadata);
  if (whole?.length !== shape.length || shape.some((length) => length < 1)) return undefined;
  const shorter = shape.flatMap((length, i) => length === whole[i] ? [] : [i]);
  const [axis = 0] = shorter;
  if (shape.length === 0 || shorter.length > 1 || shape[axis] > whole[axis]) return undefined;
  const parts = shape.slice(0, axis).reduce((product, length) => product * length, 1);
  const short = given / parts;
  const long = short / shape[axis] * whole[axis];
  return {
    name: "padding",
    encoded: { bytes: given, exact: true },
    decoded: { bytes: parts * long, exact: true },
    decode(bytes) {
      const padded = new Uint8Array(parts * long);
      for (let part = 0; part < parts; part++) {
        padded.set(bytes.subarray(part * short, (part + 1) * short), part * long);
      }
      return padded;
    },
  };
}
