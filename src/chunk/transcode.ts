/** The transcode tier: chunks that are decoded here and sent in a portable encoding. */

import { type Json, toNumber } from "../json.ts";
import type { Codec } from "../zarr/metadata.ts";
import {
  decodeAsType,
  decodeDelta,
  decodeFixedScaleOffset,
  decodePackBits,
  type FilterTypes,
} from "../codecs/decode/filter.ts";
import { type NumpyType, parseNumpyType } from "../codecs/decode/numpy_type.ts";
import { checkSize, type Size } from "../codecs/decode/size.ts";
import { checkVariableLength } from "../codecs/decode/variable_length.ts";
import { decodeSteps } from "../codecs/decode_steps.ts";
import { encodeZstd, ZSTD_CODEC } from "../codecs/encode.ts";
import { codecTypes, type Pipeline, type Stage } from "../codecs/pipeline.ts";
import type { DecodeStep } from "../codecs/step.ts";
import type { ChunkPlan } from "./plan.ts";
import { portableCodec } from "../codecs/portable.ts";
import { combinedOrder, isOwnInverse, untranspose } from "../codecs/transpose.ts";

/** Bytes that one chunk may decode to in memory. */
const MAX_DECODED_BYTES = 512 * 2 ** 20;

/** Bytes that a chunk of variable-length elements, whose size nothing declares, may decode to. */
const MAX_VARIABLE_BYTES = 64 * 2 ** 20;

/** The transcode plan of `pipeline`, or why it has none. */
export function planTranscode(
  pipeline: Pipeline,
): Extract<ChunkPlan, { tier: "transcode" }> | { readonly reason: string } {
  const { arrayToArray, arrayToBytes, bytesToBytes, itemBytes, nbytes, rank } = pipeline;
  const { chunkShape } = pipeline;
  const variable = arrayToBytes.id === "vlen-utf8" || arrayToBytes.id === "vlen-bytes";
  if (!variable && arrayToBytes.id !== "bytes") {
    return {
      reason: `codec ${arrayToBytes.source.name} is combined with codecs unknown to clients`,
    };
  }
  if (!variable && nbytes === undefined) {
    return { reason: "the size of a chunk is not known from its metadata" };
  }
  if (nbytes !== undefined && nbytes > MAX_DECODED_BYTES) {
    return {
      reason: `a chunk of ${nbytes} bytes is over the ${MAX_DECODED_BYTES} decoded at once`,
    };
  }

  const filters = filterSteps(arrayToArray, nbytes, arrayToBytes.configuration.endian);
  if ("reason" in filters) return filters;
  const size = filters.encodedBytes === undefined
    ? { bytes: MAX_VARIABLE_BYTES, exact: false }
    : { bytes: filters.encodedBytes, exact: true };
  const bytesSteps = decodeSteps(bytesToBytes, size);
  if ("reason" in bytesSteps) return bytesSteps;
  const order = combinedOrder(arrayToArray.filter((stage) => stage.id === "transpose"), rank);
  if (!order) return { reason: "codec transpose has no valid order" };
  const isKept = isOwnInverse(order);
  if (!isKept && (itemBytes === undefined || chunkShape === undefined)) {
    return { reason: "codec transpose has an order that not every client reads" };
  }
  const toBytes = variable
    ? portableCodec(arrayToBytes, itemBytes, rank)!
    : bytesCodec(arrayToBytes, arrayToArray, itemBytes);
  return {
    tier: "transcode",
    codecs: [...(isKept ? transposeCodec(order) : []), toBytes, ZSTD_CODEC],
    decode: [
      ...bytesSteps.steps,
      ...filters.steps,
      variable
        ? { name: arrayToBytes.id, decode: checkVariableLength }
        : sizeCheck({ bytes: nbytes!, exact: true }),
      ...(isKept ? [] : [{
        name: "transpose",
        decode: (bytes: Uint8Array) => untranspose(bytes, itemBytes!, chunkShape!, order),
      }]),
    ],
    encode: encodeZstd,
  };
}

function transposeCodec(order: readonly number[]): Codec[] {
  const isIdentity = order.every((axis, i) => axis === i);
  return isIdentity ? [] : [{ name: "transpose", configuration: { order } }];
}

/** The last check: whatever was declared, no chunk of another size is sent. */
function sizeCheck(size: Size): DecodeStep {
  return {
    name: "bytes",
    decode(bytes) {
      checkSize("The chunk", bytes.length, size);
      return bytes;
    },
  };
}

interface FilterSteps {
  readonly steps: readonly DecodeStep[];
  /** Bytes of a chunk behind all filters; undefined for elements of variable length. */
  readonly encodedBytes?: number;
}

/**
 * The steps that undo the filters, last one first.
 *
 * @param endian byte order of what the last filter stores: the `bytes` codec's, which readers of v3
 *   go by, whatever the filter's own data types say
 */
function filterSteps(
  stages: readonly Stage[],
  nbytes: number | undefined,
  endian: Json | undefined,
): FilterSteps | { readonly reason: string } {
  const steps: DecodeStep[] = [];
  let bytes = nbytes;
  let ordered: Stage | undefined;
  const last = stages.findLast((stage) => stage.id !== "transpose");
  for (const stage of stages) {
    if (stage.id === "transpose") {
      // Filters that treat each element alone may change places with a transposition.
      if (ordered) {
        return { reason: `codec transpose follows ${ordered.source.name}` };
      }
      continue;
    }
    if (bytes === undefined) {
      return { reason: `codec ${stage.source.name} needs fixed-size elements` };
    }
    const filter = readFilter(stage, bytes, stage === last ? endian : undefined);
    if (typeof filter === "string") return { reason: `codec ${stage.source.name} ${filter}` };
    const stored: Size = { bytes: filter.encodedBytes, exact: true };
    steps.unshift({
      name: stage.id,
      decode(encoded) {
        checkSize(`What ${stage.id} stored`, encoded.length, stored);
        return filter.decode(encoded);
      },
    });
    bytes = filter.encodedBytes;
    if (stage.id === "delta" || stage.id === "packbits") ordered = stage;
  }
  return { steps, encodedBytes: bytes };
}

interface Filter {
  readonly decode: DecodeStep["decode"];
  readonly encodedBytes: number;
}

/**
 * How to undo one filter whose decoded elements take `bytes`; or why it cannot be done.
 *
 * @param endian byte order of what it stores, if not that of its data type
 */
function readFilter(
  { id, configuration }: Stage,
  bytes: number,
  endian: Json | undefined,
): Filter | string {
  if (id === "packbits") {
    return {
      decode: (packed) => decodePackBits(packed, bytes),
      encodedBytes: 1 + Math.ceil(bytes / 8),
    };
  }
  const declared = id === "astype"
    ? asTypes(configuration.decode_dtype, configuration.encode_dtype)
    : codecTypes(configuration);
  if (!declared) return "has data types that are not decoded here";
  const types: FilterTypes = { ...declared, encoded: inOrder(declared.encoded, endian) };
  const { decoded, encoded } = types;
  if (bytes % decoded.bytes !== 0) return "does not fit the array's data type";
  const encodedBytes = bytes / decoded.bytes * encoded.bytes;
  switch (id) {
    case "astype":
      return { decode: (stored) => decodeAsType(stored, types), encodedBytes };
    case "quantize":
      if (decoded.kind !== "float" || encoded.kind !== "float") return "is for floats";
      return { decode: (stored) => decodeAsType(stored, types), encodedBytes };
    case "delta":
      if (decoded.kind === "bool" || encoded.kind === "bool") return "is for numbers";
      return { decode: (stored) => decodeDelta(stored, types), encodedBytes };
    case "fixedscaleoffset": {
      const scale = toNumber(configuration.scale);
      const offset = toNumber(configuration.offset);
      if (!finite(scale) || !finite(offset)) return "has no finite scale and offset";
      return {
        decode: (stored) => decodeFixedScaleOffset(stored, types, scale, offset),
        encodedBytes,
      };
    }
    default:
      return "has no decoder here";
  }
}

function inOrder(type: NumpyType, endian: Json | undefined): NumpyType {
  return endian === "big" || endian === "little"
    ? { ...type, bigEndian: endian === "big" && type.bytes > 1 }
    : type;
}

function finite(value: number | undefined): value is number {
  return Number.isFinite(value);
}

function asTypes(decode: Json | undefined, encode: Json | undefined): FilterTypes | undefined {
  const decoded = parseNumpyType(decode);
  const encoded = parseNumpyType(encode);
  return decoded && encoded && { decoded, encoded };
}

/**
 * `bytes` for the decoded elements. Behind filters the source's `bytes` tells the byte order of what
 * they store; what undoing them gives has the order of the first one's own type.
 */
function bytesCodec(
  { source }: Stage,
  filters: readonly Stage[],
  itemBytes: number | undefined,
): Codec {
  const first = filters.find((stage) => stage.id !== "transpose")?.configuration;
  if (itemBytes === 1 || !first) return source;
  const type: NumpyType | undefined = parseNumpyType(first.decode_dtype ?? first.dtype);
  return { name: "bytes", configuration: { endian: type?.bigEndian ? "big" : "little" } };
}
