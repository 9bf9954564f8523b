/** The body of an Icechunk metadata file: its FlatBuffer, out of its compression. */

import zlib from "node:zlib";
import { IndexError } from "../../src/errors.ts";
import { type FILE_TYPE, type FileHeader, HEADER_BYTES, parseFileHeader } from "./file_header.ts";
import { parsing } from "./flatbuffer.ts";
import { zstdFrameEnd } from "./zstd/frame_end.ts";

/** A metadata file's header and FlatBuffer. */
export interface MetadataFile {
  readonly header: FileHeader;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** A file this small may expand to this many bytes, whatever the ratio. */
const SMALL_BODY_BYTES = 16 << 20;
/** Real files expand 5 to 30 times; a bomb of zeros thirty thousand times. */
const MAX_RATIO = 256;
/** A manifest of a million references is 120 MB before it becomes 25 MB of columns. */
const BODY_TO_INDEX = 4;

/**
 * Unpacks a file that should be of `type`.
 *
 * @param file the whole file
 * @param maxIndexBytes the catalog's `indexCacheBytes`; a body may be four times as large for the
 * moment that it is read
 * @throws IndexError
 */
export async function unpackMetadataFile(
  file: Uint8Array,
  type: keyof typeof FILE_TYPE,
  maxIndexBytes: number,
): Promise<MetadataFile> {
  const header = parseFileHeader(file, type);
  const packed = file.subarray(HEADER_BYTES);
  const body = header.compression === "none"
    ? packed.slice()
    : await unzstd(packed, type, maxIndexBytes);
  // The identifier sits behind the root offset.
  if (parsing("A metadata file", () => new DataView(body.buffer).getUint32(4)) !== 0x4963686b) {
    throw new IndexError(`An Icechunk ${type} file lacks the identifier "Ichk"`);
  }
  return { header, body };
}

async function unzstd(
  packed: Uint8Array,
  type: string,
  maxIndexBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  if (zstdFrameEnd(packed) === undefined) {
    throw new IndexError(`An Icechunk ${type} file is cut short`);
  }
  const bombBytes = Math.max(SMALL_BODY_BYTES, packed.length * MAX_RATIO);
  const maxBytes = Math.min(bombBytes, maxIndexBytes * BODY_TO_INDEX);
  let body = new ArrayBuffer(Math.min(maxBytes, Math.max(4096, packed.length * 4)));
  let used = 0;
  const stream = zlib.createZstdDecompress({ chunkSize: 1 << 16 });
  try {
    stream.end(packed);
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
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
      // Reallocated in place where it can be: the body is never held twice.
      if (needed > body.byteLength) {
        body = body.transfer(Math.min(maxBytes, Math.max(needed, body.byteLength * 1.5)));
      }
      new Uint8Array(body).set(chunk, used);
      used = needed;
    }
  } catch (error) {
    if (error instanceof IndexError) throw error;
    throw new IndexError(`An Icechunk ${type} file cannot be decompressed`, {}, error);
  } finally {
    stream.destroy();
  }
  return new Uint8Array(body.transfer(used));
}
