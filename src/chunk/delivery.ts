/** How one stored chunk becomes the bytes of its key: by arithmetic where possible, else by decoding. */

import { ChunkError } from "../errors.ts";
import { decodeAll } from "../codecs/decode_steps.ts";
import { AT_ONCE, type Pace } from "../codecs/pace.ts";
import type { ByteRange } from "../byte_range.ts";
import type { ChunkPlan, TranscodePlan } from "./tier.ts";

/** Part of every ETag of a chunk. Bump it when any plan's output bytes change. */
export const PLAN_VERSION = "3";

/** How a chunk is answered, and which of its stored bytes that takes. All figures are bytes. */
export type Delivery =
  /** `prefix`, then those stored bytes. */
  | {
    readonly kind: "splice";
    readonly stored: ByteRange;
    readonly prefix: Uint8Array;
    readonly contentLength: number;
  }
  /** Those stored bytes are converted; `contentLength` only where it is known without them. */
  | {
    readonly kind: "convert";
    readonly stored: ByteRange;
    readonly contentLength?: number;
    /** What decoding holds at most beside the stored bytes. */
    readonly heldBytes: number;
    /** Decodes them at that pace. @throws ChunkError */
    convert(encoded: Uint8Array, pace?: Pace): Promise<Uint8Array>;
  };

const NOTHING = new Uint8Array(0);

/**
 * How a chunk is delivered under `plan`.
 *
 * @param storedLength bytes that are stored of it
 * @param within the slice that it is of what they decode to; see `ChunkRef`
 * @throws ChunkError if they are fewer than what the plan cuts off, or the slice is not one of a block
 */
export function deliver(plan: ChunkPlan, storedLength: number, within?: ByteRange): Delivery {
  const all = { offset: 0, length: storedLength };
  const { block } = plan;
  if (!block && !within) return deliverWhole(plan, all);
  if (plan.tier === "refused") throw new ChunkError(plan.reason);
  if (!block) throw new ChunkError("A chunk is a slice where its array has whole ones");
  if (!within) throw new ChunkError("A chunk does not say which slice of its block it is");
  const { offset, length } = within;
  if (length !== block.chunkBytes || offset + length > block.bytes) {
    throw new ChunkError(
      `A slice of ${length} bytes at ${offset} is no chunk of ${block.chunkBytes} in ${block.bytes}`,
    );
  }
  if (plan.tier === "transcode" && !block.raw) {
    return transcode(plan, all, (bytes) => bytes.subarray(offset, offset + length));
  }
  if (storedLength !== block.bytes) {
    throw new ChunkError(`An uncompressed block has ${storedLength} bytes, not ${block.bytes}`);
  }
  return deliverWhole(plan, within);
}

function deliverWhole(plan: ChunkPlan, all: ByteRange): Delivery {
  const { offset, length } = all;
  switch (plan.tier) {
    case "pass":
      if (plan.rawBytes !== undefined && plan.rawBytes !== length) {
        throw new ChunkError(
          `An uncompressed chunk has ${length} bytes where its array says ${plan.rawBytes}`,
        );
      }
      return spliceAll(all);
    case "native":
      return spliceAll(all);
    case "frame": {
      const { trimStart, trimEnd, decode, stored } = plan;
      const payloadLength = length - trimStart - trimEnd;
      if (payloadLength <= 0) {
        throw new ChunkError(`A chunk of ${length} bytes is too short for its codecs`);
      }
      if (!plan.fits(payloadLength)) {
        return {
          kind: "convert",
          stored: all,
          contentLength: stored.length,
          heldBytes: plan.decodedBytes,
          convert: async (encoded, pace) => stored.frame(await decodeAll(decode, encoded, pace)),
        };
      }
      const prefix = plan.prefix(payloadLength);
      return {
        kind: "splice",
        stored: { offset: offset + trimStart, length: payloadLength },
        prefix,
        contentLength: prefix.length + payloadLength,
      };
    }
    case "transcode":
      return transcode(plan, all);
    case "refused":
      throw new ChunkError(plan.reason);
  }
}

function transcode(
  { decode, encode, decodedBytes }: TranscodePlan,
  stored: ByteRange,
  slice: (decoded: Uint8Array) => Uint8Array = (decoded) => decoded,
): Delivery {
  return {
    kind: "convert",
    stored,
    contentLength: encode.length,
    heldBytes: decodedBytes,
    convert: async (encoded, pace = AT_ONCE) =>
      await encode.encode(slice(await decodeAll(decode, encoded, pace)), pace),
  };
}

/** The stored bytes as they are. */
function spliceAll(stored: ByteRange): Delivery {
  return { kind: "splice", stored, prefix: NOTHING, contentLength: stored.length };
}
