/** The body of an Icechunk metadata file: its FlatBuffer, out of its compression. */

import zlib from "node:zlib";
import { IndexError } from "../../src/errors.ts";
import { type FILE_TYPE, type FileHeader, HEADER_BYTES, parseFileHeader } from "./file_header.ts";
import { parsing } from "./flatbuffer.ts";
import { detach } from "../detach.ts";
import { zstdFrameEnd } from "./zstd/frame_end.ts";

/** A metadata file's header and FlatBuffer. */
export interface MetadataFile {
  /** Who wrote the file, and how. */
  readonly header: FileHeader;
  /** The FlatBuffer, out of its compression. */
  readonly body: Uint8Array<ArrayBuffer>;
}

/** A file this small may expand to this many bytes, whatever the ratio. */
const SMALL_BODY_BYTES = 16 << 20;
/** Real files expand 5 to 30 times; a bomb of zeros thirty thousand times. */
const MAX_RATIO = 256;
/** Bytes that the decompressor gives at a time. */
const MIN_CHUNK = 1 << 14;
const MAX_CHUNK = 1 << 20;
/** A manifest of a million references is 120 MB before it becomes 25 MB of columns. */
const BODY_TO_INDEX = 4;

/**
 * Unpacks a file that should be of `type`.
 *
 * @param file the whole file
 * @param maxIndexBytes the catalog's `indexCacheBytes`; a body may be four times as large for the
 * moment that it is read
 * @param likelyBytes what the body may well have. Room for it is set aside, so that a large body is
 * never moved; the rest of that room stays behind the body, untouched
 * @throws IndexError
 */
export async function unpackMetadataFile(
  file: Uint8Array,
  type: keyof typeof FILE_TYPE,
  maxIndexBytes: number,
  likelyBytes?: number,
): Promise<MetadataFile> {
  const header = parseFileHeader(file, type);
  const packed = file.subarray(HEADER_BYTES);
  const body = header.compression === "none"
    ? packed.slice()
    : await unzstd(packed, type, maxIndexBytes, likelyBytes);
  // The identifier sits behind the root offset.
  if (
    parsing("A metadata file", () => new DataView(body.buffer, 0, body.length).getUint32(4)) !==
      0x4963686b
  ) {
    throw new IndexError(`An Icechunk ${type} file lacks the identifier "Ichk"`);
  }
  return { header, body };
}

async function unzstd(
  packed: Uint8Array,
  type: string,
  maxIndexBytes: number,
  likelyBytes: number | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  if (zstdFrameEnd(packed) === undefined) {
    throw new IndexError(`An Icechunk ${type} file is cut short`);
  }
  const bombBytes = Math.max(SMALL_BODY_BYTES, packed.length * MAX_RATIO);
  const maxBytes = Math.min(bombBytes, maxIndexBytes * BODY_TO_INDEX);
  let body = new ArrayBuffer(Math.min(maxBytes, Math.max(4096, likelyBytes ?? packed.length * 4)));
  let used = 0;
  const chunkSize = Math.min(MAX_CHUNK, Math.max(MIN_CHUNK, packed.length * 4));
  const stream = zlib.createZstdDecompress({ chunkSize });
  try {
    stream.end(packed);
    for await (const chunk of stream as AsyncIterable<Uint8Array<ArrayBuffer>>) {
      const needed = used + chunk.length;
      if (needed > maxBytes) {
        throw maxBytes === bombBytes
          ? new IndexError(`An Icechunk ${type} file expands more than ${MAX_RATIO} times`)
          : new IndexError(
            `An Icechunk ${type} file expands to more than ${maxBytes} bytes; ` +
              "write the repository with split manifests, or raise limits.indexCacheBytes",
            {},
            undefined,
            "index-too-large",
          );
      }
      if (needed > body.byteLength) {
        body = body.transfer(Math.min(maxBytes, Math.max(needed, body.byteLength * 1.5)));
      }
      new Uint8Array(body).set(chunk, used);
      used = needed;
      detach(chunk);
    }
  } catch (error) {
    if (error instanceof IndexError) throw error;
    throw new IndexError(`An Icechunk ${type} file cannot be decompressed`, {}, error);
  } finally {
    stream.destroy();
  }
  return likelyBytes === undefined
    ? new Uint8Array(body.transfer(used))
    : new Uint8Array(body, 0, used);
}
