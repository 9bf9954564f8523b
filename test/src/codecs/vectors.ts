/** The vectors of test/fixtures/codecs: chunks that numcodecs encoded, and what it decodes them to. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import file from "../../fixtures/codecs/vectors.json" with { type: "json" };
import type { ArrayMetadata, Codec } from "../../../src/zarr/metadata.ts";

/** One chunk of an array. */
export interface Vector {
  readonly title: string;
  readonly metadata: ArrayMetadata;
  readonly encoded: Uint8Array;
  /** Fails unless `bytes` are what numcodecs decodes the chunk to. */
  expect(bytes: Uint8Array, message?: string): void;
}

interface VectorJson {
  readonly title: string;
  readonly data_type: string;
  readonly chunk_shape: readonly number[];
  readonly codecs: readonly Codec[];
  readonly encoded: string;
  readonly decoded?: string;
  readonly sha256?: string;
}

/** Array metadata with the members that a plan reads. */
export function arrayMetadata(
  codecs: readonly unknown[],
  dataType: ArrayMetadata["data_type"] = "int16",
  chunkShape: readonly number[] = [4, 8],
): ArrayMetadata {
  return {
    zarr_format: 3,
    node_type: "array",
    shape: chunkShape.map((length) => length * 2),
    data_type: dataType,
    chunk_grid: { name: "regular", configuration: { chunk_shape: chunkShape } },
    chunk_key_encoding: { name: "default", configuration: { separator: "/" } },
    fill_value: 0,
    codecs: codecs as readonly Codec[],
  };
}

/** Every vector. */
export const VECTORS: readonly Vector[] = (file.vectors as unknown as VectorJson[]).map((
  vector,
) => ({
  title: vector.title,
  metadata: arrayMetadata(vector.codecs, vector.data_type, vector.chunk_shape),
  encoded: Uint8Array.fromBase64(vector.encoded),
  expect(bytes, message = vector.title) {
    if (vector.decoded === undefined) {
      assert.equal(createHash("sha256").update(bytes).digest("hex"), vector.sha256, message);
    } else {
      assert.equal(bytes.toHex(), Uint8Array.fromBase64(vector.decoded).toHex(), message);
    }
  },
}));
