/** How one stored chunk becomes the bytes of its key: by arithmetic where possible, else by decoding. */

import { ChunkError } from "../errors.ts";
import { decodeAll } from "../codecs/decode_steps.ts";
import type { ChunkPlan } from "./tier.ts";

/** Part of every ETag of a chunk. Bump it when any plan's output bytes change. */
export const PLAN_VERSION = "2";

/** How a chunk is answered. All figures are bytes. */
export type Delivery =
  /** `prefix`, then the stored bytes less `trimStart` at the start and `trimEnd` at the end. */
  | {
    readonly kind: "splice";
    readonly prefix: Uint8Array;
    readonly trimStart: number;
    readonly trimEnd: number;
    readonly contentLength: number;
  }
  /** All stored bytes are needed; `contentLength` only where it is known without them. */
  | {
    readonly kind: "convert";
    readonly contentLength?: number;
    /** What decoding holds at most beside the stored bytes. */
    readonly heldBytes: number;
    /** @throws ChunkError */
    convert(encoded: Uint8Array): Promise<Uint8Array>;
  };

const NOTHING = new Uint8Array(0);

/**
 * How a chunk of `encodedLength` stored bytes is delivered under `plan`.
 *
 * @throws ChunkError if it is shorter than what the plan cuts off
 */
export function deliver(plan: ChunkPlan, encodedLength: number): Delivery {
  switch (plan.tier) {
    case "pass":
      if (plan.rawBytes !== undefined && plan.rawBytes !== encodedLength) {
        throw new ChunkError(
          `An uncompressed chunk has ${encodedLength} bytes where its array says ${plan.rawBytes}`,
        );
      }
      return spliceAll(encodedLength);
    case "native":
      return spliceAll(encodedLength);
    case "frame": {
      const { trimStart, trimEnd, decode, stored } = plan;
      const payloadLength = encodedLength - trimStart - trimEnd;
      if (payloadLength <= 0) {
        throw new ChunkError(`A chunk of ${encodedLength} bytes is too short for its codecs`);
      }
      if (!plan.fits(payloadLength)) {
        return {
          kind: "convert",
          contentLength: stored.length,
          heldBytes: plan.decodedBytes,
          convert: async (encoded) => stored.frame(await decodeAll(decode, encoded)),
        };
      }
      const prefix = plan.prefix(payloadLength);
      const contentLength = prefix.length + payloadLength;
      return { kind: "splice", prefix, trimStart, trimEnd, contentLength };
    }
    case "transcode": {
      const { decode, encode } = plan;
      return {
        kind: "convert",
        contentLength: encode.length,
        heldBytes: plan.decodedBytes,
        convert: async (encoded) => await encode.encode(await decodeAll(decode, encoded)),
      };
    }
    case "refused":
      throw new ChunkError(plan.reason);
  }
}

/** The stored bytes as they are. */
function spliceAll(contentLength: number): Delivery {
  return { kind: "splice", prefix: NOTHING, trimStart: 0, trimEnd: 0, contentLength };
}
