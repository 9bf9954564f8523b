/** The transcode tier: chunks that are decoded here and sent in a portable encoding. */

import { stringifyJson } from "../json.ts";
import type { CodecSpec, Stage } from "../codecs/codec.ts";
import { type DecodeStep, decodeSteps, heldBytes } from "../codecs/decode_steps.ts";
import { parseNumpyType } from "../codecs/numpy_type.ts";
import { findCodec } from "../codecs/registry.ts";
import type { Size } from "../codecs/size.ts";
import { portableStages } from "../codecs/stages.ts";
import { ZSTD_CODEC } from "../codecs/zstd.ts";
import { combinedOrder, isOwnInverse, transpose, untranspose } from "../codecs/transpose.ts";
import type { Pipeline } from "./pipeline.ts";
import type { EncodeStep, TranscodePlan } from "./tier.ts";

/** Bytes that one chunk may decode to in memory. */
const MAX_DECODED_BYTES = 512 * 2 ** 20;

/** Bytes that a chunk of variable-length elements, whose size nothing declares, may decode to. */
const MAX_VARIABLE_BYTES = 64 * 2 ** 20;

/** How chunks are decoded, and the portable codecs of what that gives. */
export interface RawChunks {
  /** Transpositions that stay, and what writes elements as bytes. */
  readonly codecs: readonly CodecSpec[];
  /** What undoes everything else. */
  readonly decode: readonly DecodeStep[];
  /** Bytes that it gives at most. */
  readonly bytes: number;
}

/**
 * How chunks that were decoded are sent in portable codecs.
 *
 * @param compressors the portable bytes → bytes codecs, in the order of encoding
 * @returns undefined if one of them is not written here
 */
function planEncoding(
  compressors: readonly CodecSpec[],
  rawBytes: number,
): EncodeStep & { readonly heldBytes: number } | undefined {
  const encoders = compressors.map(({ name, configuration = {} }) =>
    findCodec(name)?.encoder?.(configuration)
  );
  if (!encoders.every((encoder) => encoder !== undefined)) return undefined;
  let size: Size = { bytes: rawBytes, exact: true };
  let heldBytes = 0;
  for (const encoder of encoders) {
    const { bytes, exact } = encoder.encoded(size.bytes);
    heldBytes = Math.max(heldBytes, size.bytes + bytes);
    size = { bytes, exact: exact && size.exact };
  }
  return {
    name: compressors.map(({ name }) => name).join(" ") || "bytes",
    ...(size.exact && { length: size.bytes }),
    async encode(bytes, pace) {
      for (const encoder of encoders) bytes = await encoder.encode(bytes, pace);
      return bytes;
    },
    heldBytes,
  };
}

/** The transcode plan of `pipeline`, or why it has none. */
export function planTranscode(pipeline: Pipeline): TranscodePlan | { readonly reason: string } {
  const raw = planDecoding(pipeline);
  if ("reason" in raw) return raw;
  return transcodeTo([...raw.codecs, ZSTD_CODEC], raw)!;
}

/** The plan that decodes by `raw` and sends in `codecs`; undefined if those have no encoder, or other elements. */
export function transcodeTo(
  codecs: readonly CodecSpec[],
  { codecs: leading, decode, bytes }: RawChunks,
): TranscodePlan | undefined {
  const split = leading.length;
  if (stringifyJson(codecs.slice(0, split)) !== stringifyJson(leading)) return undefined;
  const encode = planEncoding(codecs.slice(split), bytes);
  return encode && {
    tier: "transcode",
    codecs,
    decode,
    encode,
    decodedBytes: Math.max(heldBytes(decode), encode.heldBytes),
  };
}

/** How the chunks of `pipeline` are decoded, or why they cannot be. */
export function planDecoding(pipeline: Pipeline): RawChunks | { readonly reason: string } {
  const { arrayToArray, arrayToBytes, bytesToBytes, elements, nbytes } = pipeline;
  const { chunkShape, itemBytes, rank } = elements;
  const variable = arrayToBytes.codec.objects === true;
  const [toBytes] = portableStages([arrayToBytes]) ?? [];
  if (!toBytes || !arrayToBytes.codec.decoder) {
    return {
      reason: `codec ${arrayToBytes.source.name} is combined with codecs unknown to clients`,
    };
  }
  if (!variable && nbytes === undefined) {
    return { reason: "the size of a chunk is not known from its metadata" };
  }
  const size = variable
    ? { bytes: MAX_VARIABLE_BYTES, exact: false }
    : { bytes: nbytes!, exact: true };
  if (size.bytes > MAX_DECODED_BYTES) {
    return {
      reason: `a chunk of ${nbytes} bytes is over the ${MAX_DECODED_BYTES} decoded at once`,
    };
  }
  const filters = arrayToArray.filter(({ codec }) => codec !== transpose);
  if (variable && filters.length > 0) {
    return { reason: `codec ${filters[0].source.name} needs fixed-size elements` };
  }
  // Filters that treat each element alone may change places with a transposition.
  const ordered = arrayToArray.findIndex(({ codec }) => codec.ordered);
  if (ordered >= 0 && arrayToArray.findLastIndex(({ codec }) => codec === transpose) > ordered) {
    return { reason: `codec transpose follows ${arrayToArray[ordered].source.name}` };
  }
  const decoding = decodeSteps([...filters, arrayToBytes, ...bytesToBytes], size);
  if ("reason" in decoding) return decoding;
  const order = combinedOrder(arrayToArray.filter(({ codec }) => codec === transpose), rank);
  if (!order) return { reason: "codec transpose has no valid order" };
  const isKept = isOwnInverse(order);
  if (!isKept && (itemBytes === undefined || chunkShape === undefined)) {
    return { reason: "codec transpose has an order that not every client reads" };
  }
  const untransposed: DecodeStep = {
    name: "transpose",
    decode: (bytes, pace) => untranspose(bytes, itemBytes!, chunkShape!, order, pace),
    encoded: size,
    decoded: size,
    // A copy whose units are aligned.
    scratchBytes: size.bytes,
  };
  return {
    codecs: [
      ...(isKept ? transposeCodec(order) : []),
      variable ? toBytes : bytesCodec(toBytes, filters[0], itemBytes),
    ],
    decode: isKept ? decoding.steps : [...decoding.steps, untransposed],
    bytes: size.bytes,
  };
}

function transposeCodec(order: readonly number[]): CodecSpec[] {
  const isIdentity = order.every((axis, i) => axis === i);
  return isIdentity ? [] : [{ name: "transpose", configuration: { order } }];
}

/**
 * `bytes` for the decoded elements. Behind filters the source's `bytes` tells the byte order of what
 * they store; what undoing them gives has the order of the first one's own type.
 */
function bytesCodec(
  source: CodecSpec,
  filter: Stage | undefined,
  itemBytes: number | undefined,
): CodecSpec {
  if (itemBytes === 1 || !filter) return source;
  const { decode_dtype, dtype } = filter.configuration;
  const isBig = parseNumpyType(decode_dtype ?? dtype)?.bigEndian;
  return { name: "bytes", configuration: { endian: isBig ? "big" : "little" } };
}
