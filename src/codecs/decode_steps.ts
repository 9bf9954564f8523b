/** From codecs to the steps that undo them, each with the size that it must give. */

import { toNumber } from "../json.ts";
import { decodeBlosc } from "./decode/blosc.ts";
import { decodeBz2 } from "./decode/bz2.ts";
import { CHECKSUM_BYTES, CHECKSUM_LOCATION, verifyChecksum } from "./decode/checksum.ts";
import { decompress } from "./decode/decompress.ts";
import { decodeLz4 } from "./decode/lz4.ts";
import { unshuffle } from "./decode/shuffle.ts";
import { checkSize, type Size } from "./decode/size.ts";
import type { Stage } from "./pipeline.ts";
import type { DecodeStep } from "./step.ts";

/** Inner codecs of Blosc that have no decoder here. */
const BLOSC_UNDECODABLE = ["snappy"];

/**
 * The steps that undo `stages` (bytes → bytes, in the order of encoding), last one first.
 *
 * @param decoded what they give in the end
 */
export function decodeSteps(
  stages: readonly Stage[],
  decoded: Size,
): { readonly steps: readonly DecodeStep[] } | { readonly reason: string } {
  const steps: DecodeStep[] = [];
  let size = decoded;
  for (const stage of stages) {
    const undo = undoing(stage, size);
    if (typeof undo === "string") return { reason: `codec ${stage.source.name} ${undo}` };
    steps.unshift({ name: stage.id, decode: undo.decode });
    size = undo.encoded;
  }
  return { steps };
}

interface Undoing {
  readonly decode: DecodeStep["decode"];
  /** What the codec's encoded bytes can measure. */
  readonly encoded: Size;
}

/** How to undo one codec whose decoded bytes measure `size`; or why it cannot be done. */
function undoing({ id, configuration }: Stage, size: Size): Undoing | string {
  switch (id) {
    case "zlib":
    case "gzip":
    case "zstd":
      return { decode: (bytes) => decompress(id, bytes, size), encoded: compressed(size) };
    case "bz2":
      return { decode: (bytes) => decodeBz2(bytes, size), encoded: compressed(size) };
    case "lz4":
      return { decode: (bytes) => decodeLz4(bytes, size), encoded: compressed(size) };
    case "blosc":
      if (BLOSC_UNDECODABLE.includes(String(configuration.cname))) {
        return `with ${configuration.cname} has no decoder here`;
      }
      return { decode: (bytes) => decodeBlosc(bytes, size), encoded: compressed(size) };
    case "shuffle": {
      const elementBytes = toNumber(configuration.elementsize);
      if (elementBytes === undefined || !Number.isSafeInteger(elementBytes) || elementBytes < 1) {
        return "does not say its element size";
      }
      return {
        decode: (bytes) => {
          checkSize(id, bytes.length, size);
          return unshuffle(bytes, elementBytes);
        },
        encoded: size,
      };
    }
    case "fletcher32":
    case "adler32":
    case "crc32":
    case "crc32c": {
      const location = id === "fletcher32"
        ? "end"
        : configuration.location ?? CHECKSUM_LOCATION[id];
      if (location !== "start" && location !== "end") return "has no such location";
      return {
        decode: (bytes) => {
          const data = verifyChecksum(id, bytes, location);
          checkSize(id, data.length, size);
          return data;
        },
        encoded: { ...size, bytes: size.bytes + CHECKSUM_BYTES },
      };
    }
    default:
      return "has no decoder here";
  }
}

/** What compressing gives at most: no compressor here grows its input by more. */
function compressed(size: Size): Size {
  return { bytes: size.bytes * 2 + 65536, exact: false };
}
