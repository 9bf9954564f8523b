/** Arrays that are made on the fly: coordinates of pixels, numbers of bands, and what names the CRS. */

import type { JsonObject } from "../../src/json.ts";
import type { ArrayNode } from "../../src/manifest.ts";
import { chunkLayout } from "../../src/zarr/chunk_grid.ts";
import { unwrittenValue } from "../../src/zarr/fill_value.ts";
import type { ArrayMetadata } from "../../src/zarr/metadata.ts";

/** An array of numbers that nothing stores. */
export interface MadeArray {
  /** In Zarr v3 terms. */
  readonly node: ArrayNode;
  /** The bytes of the chunk at `coords`. */
  bytes(coords: readonly number[]): Uint8Array;
}

/** Elements of a chunk at most. */
const CHUNK = 65536;

/**
 * An array of one dimension.
 *
 * @param valueAt the value at an index
 */
export function coordinate(
  name: string,
  length: number,
  dataType: "float64" | "int64",
  attributes: JsonObject,
  valueAt: (index: number) => number,
): MadeArray {
  const chunk = Math.min(length, CHUNK);
  return {
    node: made([length], [chunk], dataType, attributes, [name]),
    bytes([at]) {
      const bytes = new Uint8Array(chunk * 8);
      const view = new DataView(bytes.buffer);
      for (let i = 0; i < chunk && at * chunk + i < length; i++) {
        const value = valueAt(at * chunk + i);
        if (dataType === "int64") view.setBigInt64(i * 8, BigInt(value), true);
        else view.setFloat64(i * 8, value, true);
      }
      return bytes;
    },
  };
}

/** An array of no dimension that is there for its attributes. */
export function scalar(attributes: JsonObject): MadeArray {
  return { node: made([], [], "int64", attributes, []), bytes: () => new Uint8Array(8) };
}

function made(
  shape: readonly number[],
  chunk: readonly number[],
  dataType: string,
  attributes: JsonObject,
  names: readonly string[],
): ArrayNode {
  const metadata: ArrayMetadata = {
    zarr_format: 3,
    node_type: "array",
    shape,
    data_type: dataType,
    chunk_grid: { name: "regular", configuration: { chunk_shape: chunk } },
    chunk_key_encoding: { name: "default", configuration: { separator: "/" } },
    fill_value: unwrittenValue(dataType),
    codecs: [{ name: "bytes", configuration: { endian: "little" } }],
    attributes,
    dimension_names: names,
  };
  return { type: "array", metadata, layout: chunkLayout(metadata) };
}
