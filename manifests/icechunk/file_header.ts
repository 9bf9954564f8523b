/**
 * The 39 bytes before every Icechunk metadata file: magic number, writer, specification version,
 * type and compression. The version is a file's own: a migrated repository mixes them.
 * Source: the Icechunk specification, "File header".
 */

import { IndexError } from "../../src/errors.ts";

/** Types of metadata files. */
export const FILE_TYPE = { snapshot: 1, manifest: 2, repo: 6 } as const;

/** The header of a metadata file. */
export interface FileHeader {
  /** Who wrote the file, e.g. `ic-2.0.6`. */
  readonly writer: string;
  /** Version of the specification that this one file follows. */
  readonly specVersion: 1 | 2;
  /** How all that is behind the header is compressed. */
  readonly compression: "none" | "zstd";
}

/** Bytes of the header. */
export const HEADER_BYTES = 39;

const MAGIC = [0x49, 0x43, 0x45, 0xf0, 0x9f, 0xa7, 0x8a, 0x43, 0x48, 0x55, 0x4e, 0x4b];

/** True if `bytes` begin as every Icechunk metadata file does. */
function hasMagic(bytes: Uint8Array): boolean {
  return bytes.length >= MAGIC.length && MAGIC.every((byte, i) => bytes[i] === byte);
}

/**
 * Reads the header of a file that should be of `type`.
 *
 * @throws IndexError
 */
export function parseFileHeader(bytes: Uint8Array, type: keyof typeof FILE_TYPE): FileHeader {
  if (!hasMagic(bytes) || bytes.length < HEADER_BYTES) {
    throw new IndexError(`An Icechunk ${type} file does not begin as one`);
  }
  const [specVersion, fileType, compression] = bytes.subarray(36, 39);
  if (specVersion !== 1 && specVersion !== 2) {
    throw new IndexError(`Icechunk specification version ${specVersion} is not supported`);
  }
  if (fileType !== FILE_TYPE[type]) {
    throw new IndexError(`An Icechunk ${type} file is of type ${fileType}`);
  }
  if (compression > 1) {
    throw new IndexError(`An Icechunk ${type} file has unknown compression ${compression}`);
  }
  return {
    writer: new TextDecoder().decode(bytes.subarray(12, 36)).trim(),
    specVersion,
    compression: compression === 1 ? "zstd" : "none",
  };
}
