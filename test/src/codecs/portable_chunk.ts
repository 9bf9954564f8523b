/** Decodes portable chunks with zarrita, which reads Blosc with c-blosc itself: never with Sluice's own code. */

import * as zarr from "npm:zarrita@0.7.5";
import type { ArrayMetadata, Codec } from "../../../src/zarr/metadata.ts";

/**
 * What zarrita reads from an array of one chunk: the elements' bytes, little-endian.
 *
 * @param codecs the codecs that the array declares
 * @param chunk the bytes of its chunk
 */
export async function readPortable(
  metadata: ArrayMetadata,
  codecs: readonly Codec[],
  chunk: Uint8Array,
): Promise<Uint8Array> {
  const shape = metadata.chunk_grid.configuration!.chunk_shape as unknown as number[];
  const document = new TextEncoder().encode(JSON.stringify({ ...metadata, shape, codecs }));
  const array = await zarr.open.v3(
    {
      get: (key: string) =>
        Promise.resolve(
          key === "/zarr.json" ? document : key.startsWith("/c/") ? chunk : undefined,
        ),
    } as zarr.AsyncReadable,
    { kind: "array" },
  );
  const { data } = await array.getChunk(shape.map(() => 0));
  // zarrita's booleans are a view over bytes.
  const view = data as unknown as { buffer: ArrayBuffer; byteOffset: number; byteLength?: number };
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength ?? view.buffer.byteLength);
}
