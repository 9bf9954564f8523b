/**
 * An array of several encodings (HDF5's filter masks, a TIFF's short last strip) under one set of codecs:
 * the cheapest that hold for the usual chunks, and what makes the others fit them.
 */

import type { DecodeStep } from "../codecs/decode_steps.ts";
import { ZSTD_CODEC } from "../codecs/zstd.ts";
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
  const [first = { codecs: metadata.codecs }, ...rest] = encodings;
  const serveAs = (plan: ChunkPlan) =>
    rest.map((encoding) => same(first, encoding) ? plan : planAs(plan, metadata, encoding));
  const usual = first.sliced
    ? planSlices(metadata, first) ??
      native(metadata, "its chunks are slices of what is not decoded here")
    : planArray(metadata);
  const plans = serveAs(usual);
  if (usual.tier === "native" || plans.every((plan) => plan !== undefined)) {
    return [usual, ...plans.map((plan) => plan ?? refused(usual))];
  }
  // What is decoded anyway is the same whatever it was encoded with.
  const pipeline = readPipeline(metadata);
  const whole = "reason" in pipeline ? pipeline : planTranscode(pipeline);
  if (!("reason" in whole)) {
    const decoded = first.sliced ? planSlices(metadata, first, whole) : whole;
    const transcoded = decoded ? serveAs(decoded) : [undefined];
    if (decoded && transcoded.every((plan) => plan !== undefined)) return [decoded, ...transcoded];
  }
  const plan = native(metadata, "its chunks have several encodings that no codecs here hold for");
  return [plan, ...rest.map(() => refused(plan))];
}

/** The plans of a view that shows the array's own codecs: what is encoded otherwise is refused. */
export function planNative(
  metadata: ArrayMetadata,
  encodings: readonly Encoding[] = [],
): readonly ChunkPlan[] {
  const { codecs } = metadata;
  const usual: ChunkPlan = { tier: "pass", codecs };
  return (encodings.length > 0 ? encodings : [{ codecs }]).map((encoding) => {
    if (same(metadata, encoding)) return usual;
    const slices = encoding.sliced && planSlices(metadata, encoding);
    return slices && slices.tier === "pass" && equal(slices.codecs, codecs)
      ? slices
      : refused(usual);
  });
}

function native({ codecs }: ArrayMetadata, reason: string): ChunkPlan {
  return { tier: "native", codecs, reason };
}

function refused({ codecs }: ChunkPlan): ChunkPlan {
  return {
    tier: "refused",
    codecs,
    reason: "A chunk is encoded otherwise than its array's metadata say",
  };
}

function same(one: Encoding, other: Encoding): boolean {
  return equal(one.codecs, other.codecs) && one.sliced === other.sliced &&
    stringifyJson([...one.chunkShape ?? []]) === stringifyJson([...other.chunkShape ?? []]);
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
  if (usual.tier === "native" || usual.tier === "refused") return undefined;
  if (encoding.sliced) return planSlices(metadata, encoding, usual);
  const { codecs } = usual;
  const shape = encoding.chunkShape;
  const stored = storedMetadata(metadata, encoding);
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

/**
 * How chunks that are slices of a block are served, in the codecs of `usual` if there is one; undefined
 * if they cannot be.
 */
function planSlices(
  metadata: ArrayMetadata,
  encoding: Encoding,
  usual?: ChunkPlan,
): ChunkPlan | undefined {
  const { codecs } = encoding;
  const chunk = readPipeline({ ...metadata, codecs });
  const pipeline = readPipeline(storedMetadata(metadata, encoding));
  if ("reason" in pipeline || "reason" in chunk || chunk.nbytes === undefined) return undefined;
  const raw = planDecoding(pipeline);
  if ("reason" in raw || pipeline.nbytes === undefined) return undefined;
  // A slice of transposed elements is no transposed chunk.
  if (raw.codecs.some(({ name }) => name === "transpose")) return undefined;
  const isRaw = pipeline.arrayToArray.length === 0 && pipeline.bytesToBytes.length === 0 &&
    pipeline.arrayToBytes.codec.name === "bytes";
  const block = { bytes: pipeline.nbytes, chunkBytes: chunk.nbytes, raw: isRaw };
  if (isRaw) {
    const stored = { ...metadata, codecs };
    const plan = usual ? planAs(usual, metadata, { codecs }) : planArray(stored);
    return plan && plan.tier !== "native" ? { ...plan, block } : undefined;
  }
  const plan = transcodeTo(
    usual?.codecs ?? [...raw.codecs, ZSTD_CODEC],
    { ...raw, bytes: block.chunkBytes },
  );
  // The block is held while a slice of it is encoded.
  return plan && { ...plan, block, decodedBytes: plan.decodedBytes + block.bytes };
}

/** The array as if all its chunks were stored in `encoding`. */
function storedMetadata(
  metadata: ArrayMetadata,
  { codecs, chunkShape: shape }: Encoding,
): ArrayMetadata {
  return {
    ...metadata,
    codecs,
    ...(shape && { chunk_grid: { name: "regular", configuration: { chunk_shape: shape } } }),
  };
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
