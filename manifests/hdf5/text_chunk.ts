/** Chunks of text of variable length: what they point to in the global heap, as `vlen-utf8` has it. */

import { IndexError } from "../../src/errors.ts";
import { decodeAll } from "../../src/codecs/decode_steps.ts";
import { readPipeline } from "../../src/chunk/pipeline.ts";
import { planDecoding } from "../../src/chunk/transcode.ts";
import { filterCodec, type Hdf5Filter } from "../hdf5_filters.ts";
import type { HeapValues } from "./attribute_value.ts";
import { Cursor, decodeText } from "./cursor.ts";

/** Elements of a chunk at most. */
const MAX_ELEMENTS = 2 ** 20;
/** Bytes of a chunk's text at most. */
const MAX_TEXT_BYTES = 64 * 2 ** 20;

/**
 * The bytes of a chunk of pointers behind its filters.
 *
 * @param filters those that were applied to it
 * @throws IndexError if they are not decoded here; ChunkError
 */
export async function decodePointers(
  stored: Uint8Array,
  filters: readonly Hdf5Filter[],
  elements: number,
  pointerBytes: number,
): Promise<Uint8Array> {
  mustBeFew(elements);
  const pipeline = readPipeline({
    zarr_format: 3,
    node_type: "array",
    shape: [elements],
    data_type: { name: "raw_bytes", configuration: { length_bytes: pointerBytes } },
    chunk_grid: { name: "regular", configuration: { chunk_shape: [elements] } },
    chunk_key_encoding: { name: "default" },
    fill_value: "",
    codecs: [{ name: "bytes" }, ...filters.map((filter) => filterCodec(filter, pointerBytes))],
  });
  const plan = "reason" in pipeline ? pipeline : planDecoding(pipeline);
  if ("reason" in plan) throw new IndexError(`A chunk of text cannot be read: ${plan.reason}`);
  return await decodeAll(plan.decode, stored);
}

/** A chunk in `vlen-utf8`: the text that each pointer leads to. @throws IndexError, OriginError */
export async function readText(
  pointers: Uint8Array,
  elements: number,
  heap: HeapValues,
): Promise<Uint8Array> {
  mustBeFew(elements);
  const cursor = new Cursor(pointers, heap.file.sizes);
  const encoder = new TextEncoder();
  const texts: Uint8Array[] = [];
  let bytes = 4;
  for (let i = 0; i < elements; i++) {
    const value = (await heap.at(cursor)).bytes;
    const end = value.indexOf(0);
    // h5py and netCDF give what is before a NUL; older writers' Latin-1 becomes UTF-8.
    const text = encoder.encode(decodeText(end < 0 ? value : value.subarray(0, end)));
    texts.push(text);
    bytes += 4 + text.length;
    if (bytes > MAX_TEXT_BYTES) {
      throw new IndexError(
        `A chunk of text is over the ${MAX_TEXT_BYTES} bytes that are read at once`,
        {},
        undefined,
        "index-too-large",
      );
    }
  }
  return vlenUtf8(texts, bytes);
}

function vlenUtf8(texts: readonly Uint8Array[], bytes: number): Uint8Array {
  const chunk = new Uint8Array(bytes);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, texts.length, true);
  let at = 4;
  for (const text of texts) {
    view.setUint32(at, text.length, true);
    chunk.set(text, at + 4);
    at += 4 + text.length;
  }
  return chunk;
}

function mustBeFew(elements: number): void {
  if (elements <= MAX_ELEMENTS) return;
  throw new IndexError(
    `A chunk of ${elements} texts is over the ${MAX_ELEMENTS} that are read at once`,
    {},
    undefined,
    "index-too-large",
  );
}
