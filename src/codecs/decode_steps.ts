/** From codecs to the steps that undo them, each with the size that it must give. */

import { codecId, type Decoder, type Stage } from "./codec.ts";
import { AT_ONCE, copyOf, type Pace } from "./pace.ts";
import { checkSize, type Size } from "./size.ts";

/** Undoes one encoding: encoded bytes in, less encoded bytes out, never more than the array declares. */
export interface DecodeStep extends Decoder {
  readonly name: string;
  readonly decoded: Size;
}

/**
 * The steps that undo `stages`, last one first; or why they cannot be undone.
 *
 * @param stages in the order of encoding, without transpositions
 * @param decoded what they give in the end
 */
export function decodeSteps(
  stages: readonly Stage[],
  decoded: Size,
): { readonly steps: readonly DecodeStep[] } | { readonly reason: string } {
  const steps: DecodeStep[] = [];
  const filter = stages.findLast(({ codec }) => codec.kind === "array→array");
  const endian = stages.find(({ codec }) => codec.kind === "array→bytes")?.configuration.endian;
  const order = endian === "big" || endian === "little" ? endian : undefined;
  let size = decoded;
  for (const stage of stages) {
    const { codec } = stage;
    const decoder =
      codec.decoder?.(stage, { decoded: size, ...(stage === filter && { endian: order }) }) ??
        "has no decoder here";
    if (typeof decoder === "string") return { reason: `codec ${stage.source.name} ${decoder}` };
    steps.unshift({ ...decoder, name: codecId(codec), decoded: size });
    size = decoder.encoded;
  }
  return { steps };
}

/**
 * Undoes all encodings of a chunk. `encoded` stays as it is.
 *
 * @throws ChunkError also if a step gives another size than it declares
 */
export async function decodeAll(
  steps: readonly DecodeStep[],
  encoded: Uint8Array,
  pace: Pace = AT_ONCE,
): Promise<Uint8Array> {
  let bytes = encoded;
  for (const { name, encoded: given, decode, decoded, inPlace } of steps) {
    if (given.exact) checkSize(`What ${name} decodes`, bytes.length, given);
    if (inPlace && bytes.buffer === encoded.buffer) bytes = await copyOf([bytes], pace);
    bytes = await decode(bytes, pace);
    if (pace.due()) await pace.turn();
    checkSize(name, bytes.length, decoded);
  }
  return bytes;
}

/**
 * The most bytes that decoding a chunk holds at one time: what each step is given, what it gives, and
 * what it needs beside them. The stored chunk itself is not counted: its length is known where it is
 * read.
 */
export function heldBytes(steps: readonly DecodeStep[]): number {
  let most = 0;
  let given = 0;
  for (const { decoded, encoded, inPlace, isView, scratchBytes = 0 } of steps) {
    if (isView) continue;
    // What is changed in place is a copy first, if it is the stored chunk itself.
    most = Math.max(most, (inPlace ? encoded.bytes : given) + decoded.bytes + scratchBytes);
    given = decoded.bytes;
  }
  return most;
}
