/** The layout of `vlen-utf8` and `vlen-bytes`. Source: their pages in the zarr-extensions registry. */

import { ChunkError } from "../errors.ts";
import type { Codec } from "./codec.ts";

export const vlenUtf8: Codec = row("vlen-utf8");

export const vlenBytes: Codec = row("vlen-bytes");

function row(name: string): Codec {
  return {
    name,
    aliases: [`numcodecs.${name}`],
    kind: "array→bytes",
    objects: true,
    portable: ({ source }) => ({ ...source, name }),
    decoder: (_stage, { decoded }) => ({
      decode: checkVariableLength,
      encoded: decoded,
      isView: true,
    }),
    fromV2: () => ({ name }),
    toV2: () => ({}),
  };
}

/**
 * Checks that `bytes` are a whole chunk of elements of variable length: their number, then of each its
 * length and bytes (uint32, little-endian), and nothing more. Their size is declared nowhere else.
 *
 * @throws ChunkError
 */
function checkVariableLength(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 4;
  let left = bytes.length < 4 ? -1 : view.getUint32(0, true);
  for (; left > 0 && at + 4 <= bytes.length; left--) at += 4 + view.getUint32(at, true);
  if (left === 0 && at === bytes.length) return bytes;
  throw new ChunkError("A chunk of variable-length elements is corrupt or cut short");
}
