/** Zarr v3 metadata as types. Source: the Zarr v3 core specification, "Array metadata". */

import { IndexError } from "../errors.ts";
import type { Json, JsonObject } from "./json.ts";

/** A named extension point with its configuration: `{"name": "gzip", "configuration": {"level": 1}}`. */
export interface Named {
  readonly name: string;
  readonly configuration?: JsonObject;
}

/** A codec of a v3 pipeline. */
export type Codec = Named;

/** A v3 data type: a core name (`"int16"`) or a named extension (`{"name": "numpy.datetime64", …}`). */
export type DataType = string | Named;

/** `zarr.json` of an array. */
export interface ArrayMetadata {
  readonly zarr_format: 3;
  readonly node_type: "array";
  /** Elements along each dimension. */
  readonly shape: readonly number[];
  readonly data_type: DataType;
  /** `regular` with `chunk_shape` in elements; anything else has no portable form. */
  readonly chunk_grid: Named;
  /** `default` or `v2`, with its separator. */
  readonly chunk_key_encoding: Named;
  readonly fill_value: Json;
  readonly codecs: readonly Codec[];
  readonly attributes?: JsonObject;
  readonly dimension_names?: ReadonlyArray<string | null>;
  readonly storage_transformers?: readonly Json[];
}

/** `zarr.json` of a group. */
export interface GroupMetadata {
  readonly zarr_format: 3;
  readonly node_type: "group";
  readonly attributes?: JsonObject;
}

/**
 * Elements of a chunk along each dimension.
 *
 * @throws IndexError if the grid is not `regular`
 */
export function chunkShape(metadata: ArrayMetadata): readonly number[] {
  const { name, configuration } = metadata.chunk_grid;
  const shape: unknown = configuration?.chunk_shape;
  if (name !== "regular" || !Array.isArray(shape)) {
    throw new IndexError(`Chunk grid "${name}" is not supported; only "regular" is`);
  }
  return shape;
}

/**
 * Chunks along each dimension: `ceil(shape / chunk_shape)`.
 *
 * @throws IndexError if the grid is not `regular`
 */
export function gridShape(metadata: ArrayMetadata): number[] {
  const chunk = chunkShape(metadata);
  return metadata.shape.map((length, i) => Math.ceil(length / chunk[i]));
}
