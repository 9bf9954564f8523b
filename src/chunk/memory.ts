/** What bounds the memory of all chunk answers of a process together. */

import { Budget } from "../budget.ts";
import type { ByteCache } from "../byte_cache.ts";
import { Answers } from "./answers.ts";
import { Conversions } from "./conversions.ts";

/** The memory of a process, as far as chunks are concerned. */
export interface ChunkMemory {
  readonly answers: Answers;
  readonly conversions: Conversions;
}

/** The caps; see `Limits` of the catalog. */
export interface ChunkLimits {
  /** Bytes of answers that wait for their clients. */
  readonly responseBytes: number;
  /** Bytes that are held for decoding at one time. */
  readonly decodeBytes: number;
  /** Bytes that decoding one chunk may hold. */
  readonly maxChunkBytes: number;
}

/**
 * Nothing is held yet.
 *
 * @param shared false where requests may not wait for each other's work (a Worker)
 * @param kept where decoded chunks that are asked in pieces stay for a moment
 */
export function chunkMemory(limits: ChunkLimits, shared: boolean, kept?: ByteCache): ChunkMemory {
  const { responseBytes, decodeBytes, maxChunkBytes } = limits;
  const budget = new Budget(decodeBytes);
  const answers = new Answers(responseBytes);
  return {
    answers,
    conversions: new Conversions({ budget, maxChunkBytes, kept, answers, shared }),
  };
}
