/** Broken chunks of every codec: decoded to the size that the array declares, or refused as chunks. */

import assert from "node:assert/strict";
import { decodeChunk } from "../../../src/chunk/decode_chunk.ts";
import { readPipeline } from "../../../src/chunk/pipeline.ts";
import { ChunkError } from "../../../src/errors.ts";
import { mutated, randomNumbers, ROUNDS, SEED } from "../../mutations.ts";
import { VECTORS } from "../codecs/vectors.ts";

Deno.test(`codecs: ${ROUNDS} broken chunks are decoded or refused, seed ${SEED}`, async () => {
  const random = randomNumbers(SEED);
  let refused = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const { title, metadata, encoded } = VECTORS[random(VECTORS.length)];
    const pipeline = readPipeline(metadata);
    const declared = "reason" in pipeline ? undefined : pipeline.nbytes;
    try {
      const bytes = await decodeChunk(metadata, mutated(encoded, random));
      if (bytes && declared !== undefined) assert.equal(bytes.length, declared, title);
    } catch (fault) {
      assert.ok(fault instanceof ChunkError, `${title}: ${(fault as Error).stack}`);
      refused++;
    }
  }
  assert.ok(refused > ROUNDS / 20, `${refused} refused`);
});
