/** Zarr v3 metadata as types. Source: the Zarr v3 core specification, "Array metadata". */

import type { CodecSpec } from "../codecs/codec.ts";
import type { Json, JsonObject } from "../json.ts";

/** A named extension point with its configuration: `{"name": "regular", "configuration": {…}}`. */
export interface Named {
  /** A core or registered name, or a library's own (`numpy.datetime64`). */
  readonly name: string;
  /** What the extension point takes; absent if it takes nothing. */
  readonly configuration?: JsonObject;
}

/** A codec of a v3 pipeline. */
export type Codec = CodecSpec;

/** A v3 data type: a core name (`"int16"`) or a named extension (`{"name": "numpy.datetime64", …}`). */
export type DataType = string | Named;

/** `zarr.json` of an array. */
export interface ArrayMetadata {
  /** The version of the format. */
  readonly zarr_format: 3;
  /** What tells it from a group. */
  readonly node_type: "array";
  /** Elements along each dimension. */
  readonly shape: readonly number[];
  /** What an element is. */
  readonly data_type: DataType;
  /** `regular` with `chunk_shape` in elements; anything else has no portable form. */
  readonly chunk_grid: Named;
  /** `default` or `v2`, with its separator. */
  readonly chunk_key_encoding: Named;
  /** What absent chunks hold, as the data type spells it. */
  readonly fill_value: Json;
  /** Array to array, array to bytes, bytes to bytes; in the order of encoding. */
  readonly codecs: readonly Codec[];
  /** The user's own. */
  readonly attributes?: JsonObject;
  /** One for each dimension; null where it has none. */
  readonly dimension_names?: ReadonlyArray<string | null>;
  /** Absent unless the source has some; nothing portable has. */
  readonly storage_transformers?: readonly Json[];
}

/** How some chunks of an array are encoded, where not all are in one way. */
export interface Encoding {
  /** In place of the array's own. */
  readonly codecs: readonly Codec[];
  /**
   * Elements that are stored along each dimension, where that is fewer than the grid's along one
   * (a TIFF's short last strip): what is missing lies beyond the array's end. Of a block, its elements.
   */
  readonly chunkShape?: readonly number[];
  /** True if a block is stored, and each chunk is a slice (`ChunkRef.within`) of what it decodes to. */
  readonly sliced?: true;
}

/** `zarr.json` of a group. */
export interface GroupMetadata {
  /** The version of the format. */
  readonly zarr_format: 3;
  /** What tells it from an array. */
  readonly node_type: "group";
  /** The user's own. */
  readonly attributes?: JsonObject;
}
