/** A variable of a NetCDF-3 file as an array in Zarr v3 terms, and the places of its chunks by arithmetic. */

import type { ArrayNode } from "../../src/manifest.ts";
import { chunkLayout, parseChunkShape } from "../../src/zarr/chunk_grid.ts";
import type { ArrayMetadata } from "../../src/zarr/metadata.ts";
import { missingValuesFromV2 } from "../../src/zarr/v2/missing_values.ts";
import { missingValue } from "../../src/zarr/v2/to_v3.ts";
import { contiguousRun, servedChunkShape } from "../hdf5/served_grid.ts";
import type { Place } from "./places.ts";

/** An array as it is served. */
export interface Netcdf3Array {
  /** In Zarr v3 terms. */
  readonly node: ArrayNode;
  /** Bytes of a whole chunk. */
  readonly chunkBytes: number;
  /** Where in the file the chunk at `coords` lies: bytes, fewer than a whole chunk's at the array's end. */
  run(coords: readonly number[]): { readonly offset: number; readonly length: number };
}

/** The array of a variable. @throws IndexError */
export function arrayOf({ variable, shape, bytes: rowBytes, stride }: Place): Netcdf3Array {
  const { name, dimensions, type, begin } = variable;
  const { dataType, bytes } = type;
  // What is in a row: all of it, or each record.
  const row = stride === undefined ? shape : shape.slice(1);
  const rowChunk = servedChunkShape({ class: "contiguous", length: rowBytes }, row, bytes);
  const chunk = stride === undefined ? rowChunk : [1, ...rowChunk];
  const where = `the variable "${name}"`;
  const chunkShape = parseChunkShape([...chunk], [...shape], bytes, "chunks", where);
  const metadata: ArrayMetadata = {
    zarr_format: 3,
    node_type: "array",
    shape,
    data_type: dataType,
    chunk_grid: { name: "regular", configuration: { chunk_shape: chunkShape } },
    chunk_key_encoding: { name: "default", configuration: { separator: "/" } },
    // What was never written stands in the file, as NetCDF's own fills.
    fill_value: missingValue(variable.attributes, dataType),
    codecs: [bytes === 1 ? { name: "bytes" } : { name: "bytes", configuration: { endian: "big" } }],
    attributes: missingValuesFromV2(variable.attributes, undefined, dataType),
    dimension_names: dimensions.map((dimension) => dimension.name),
  };
  return {
    node: { type: "array", metadata, layout: chunkLayout(metadata) },
    chunkBytes: chunkShape.reduce((product, length) => product * length, bytes),
    run(coords) {
      const [record, inRow] = stride === undefined ? [0, coords] : [coords[0], coords.slice(1)];
      const { offset, length } = contiguousRun(row, rowChunk, bytes, inRow);
      return { offset: begin + record * (stride ?? 0) + offset, length };
    },
  };
}
