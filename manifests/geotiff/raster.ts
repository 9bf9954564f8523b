/** An image or mask as an array in Zarr v3 terms, and where each of its chunks is. */

import { IndexError } from "../../src/errors.ts";
import type { ChunkRef } from "../../src/chunk/ref.ts";
import type { JsonObject } from "../../src/json.ts";
import type { ArrayNode } from "../../src/manifest.ts";
import type { SourceFile } from "../../src/origin/source_file.ts";
import { chunkLayout, parseChunkShape } from "../../src/zarr/chunk_grid.ts";
import { unwrittenValue } from "../../src/zarr/fill_value.ts";
import type { ArrayMetadata, Codec, Encoding } from "../../src/zarr/metadata.ts";
import { encodeFillValue } from "../../src/zarr/v2/fill_value_attribute.ts";
import { type ImageEncoding, imageEncoding } from "./encoding.ts";
import { type Image, tileCount } from "./image.ts";
import { nodataValue } from "./nodata.ts";
import { type Place, TileTable } from "./tile_table.ts";
import type { Bytes } from "./tiff_file.ts";

/** An array of pixels. */
export interface Raster {
  /** In Zarr v3 terms. */
  readonly node: ArrayNode;
  /** The stored tile that is the chunk at `coords`. */
  tileAt(coords: readonly number[]): number;
  /** The chunk of a tile. @throws IndexError, OriginError */
  chunk(tile: number): Promise<ChunkRef | undefined>;
  /** All stored tiles, some thousand at a time, with the bytes that are read of each. */
  tiles(): AsyncGenerator<{ first: number; places: ReadonlyArray<Required<Place> | undefined> }>;
}

/** Zeros that chunks share. */
const ZEROS = new Uint8Array(2 ** 20);

/**
 * The array of an image.
 *
 * @param nodata the value that stands for no data, as text
 * @param attributes besides those that the values need
 * @param factor what packed values are multiplied by
 * @throws IndexError
 */
export function rasterOf(
  image: Image,
  source: { readonly bytes: Bytes; readonly file: SourceFile },
  nodata: string | undefined,
  attributes: JsonObject,
  factor = 1,
): Raster {
  const encoding = imageEncoding(image, factor);
  const fill = nodata === undefined ? undefined : nodataValue(nodata, encoding.dataType);
  const written = fill === undefined ? undefined : encodeFillValue(fill, encoding.dataType);
  const { shape, chunk, names } = gridOf(image, image.tileHeight);
  const codecs = codecsOf(image, encoding);
  const metadata: ArrayMetadata = {
    zarr_format: 3,
    node_type: "array",
    shape,
    data_type: encoding.dataType,
    chunk_grid: {
      name: "regular",
      configuration: {
        chunk_shape: parseChunkShape(chunk, shape, encoding.itemBytes, "tiles", "an image"),
      },
    },
    chunk_key_encoding: { name: "default", configuration: { separator: "/" } },
    fill_value: fill ?? unwrittenValue(encoding.dataType),
    codecs,
    attributes: written === undefined ? attributes : { ...attributes, _FillValue: written },
    dimension_names: names,
  };
  const { encodings, short, unwritten } = encodingsOf(image, encoding, codecs);
  const node: ArrayNode = {
    type: "array",
    metadata,
    layout: chunkLayout(metadata),
    encodings,
    ...(encoding.unsupported !== undefined && { unsupported: encoding.unsupported }),
  };
  const { across, down, interleaved, lastRows, samples, tileHeight } = image;
  const table = new TileTable(source.bytes, image.directory, tileCount(image));
  const isLast = (tile: number) =>
    lastRows !== undefined && Math.floor(tile / across) % down === down - 1;

  function stored(tile: number, place: Place | undefined): Required<Place> | undefined {
    if (!place) return undefined;
    const { rowBytes } = encoding;
    const raw = rowBytes === undefined
      ? undefined
      : rowBytes * (isLast(tile) ? lastRows! : tileHeight);
    const length = raw ?? place.length;
    if (length === undefined) {
      throw new IndexError("The TIFF file does not say how long its tiles are");
    }
    if (place.length !== undefined && place.length < length) {
      throw new IndexError("A tile that nothing compresses is shorter than its pixels");
    }
    if (place.offset + length > source.bytes.size) {
      throw new IndexError("A tile lies outside of the file: it is cut short or damaged");
    }
    return { offset: place.offset, length };
  }

  return {
    node,
    tileAt(coords) {
      const [row, column] = coords.slice(-2);
      const sample = samples === 1 || interleaved ? 0 : coords[0];
      return (sample * down + row) * across + column;
    },
    async chunk(tile) {
      const place = stored(tile, await table.at(tile));
      if (!place) {
        if (fill !== undefined) return undefined;
        const parts = zeros(
          chunk.reduce((product, length) => product * length, encoding.itemBytes),
        );
        return { kind: "concat", parts, encoding: unwritten };
      }
      const range: ChunkRef = { kind: "range", file: source.file, ...place };
      if (!isLast(tile)) return range;
      if (encoding.rowBytes === undefined) return { ...range, encoding: short };
      const missing = zeros(encoding.rowBytes * (tileHeight - lastRows!));
      return { kind: "concat", parts: [range, ...missing] };
    },
    async *tiles() {
      for await (const { first, places } of table.all()) {
        yield { first, places: places.map((place, i) => stored(first + i, place)) };
      }
    },
  };
}

/** Shape, chunk shape and dimensions: bands in front, if there are several. */
function gridOf({ width, height, samples, interleaved, tileWidth }: Image, rows: number) {
  return samples === 1 ? { shape: [height, width], chunk: [rows, tileWidth], names: ["y", "x"] } : {
    shape: [samples, height, width],
    chunk: [interleaved ? samples : 1, rows, tileWidth],
    names: ["band", "y", "x"],
  };
}

function codecsOf({ interleaved }: Image, { codecs }: ImageEncoding): readonly Codec[] {
  return interleaved
    ? [{ name: "transpose", configuration: { order: [1, 2, 0] } }, ...codecs]
    : codecs;
}

/** The usual encoding, that of a strip of fewer rows, and that of zeros where nothing is stored. */
function encodingsOf(image: Image, encoding: ImageEncoding, codecs: readonly Codec[]) {
  const encodings: Encoding[] = [{ codecs }];
  let short = 0;
  if (image.lastRows !== undefined && encoding.rowBytes === undefined) {
    short = encodings.push({ codecs, chunkShape: gridOf(image, image.lastRows).chunk }) - 1;
  }
  const unwritten = encodings.push({ codecs: encoding.codecs.slice(0, 1) }) - 1;
  return { encodings, short, unwritten };
}

function zeros(total: number): Array<Extract<ChunkRef, { kind: "inline" }>> {
  const parts = new Array(Math.floor(total / ZEROS.length))
    .fill({ kind: "inline", bytes: ZEROS });
  const rest = total % ZEROS.length;
  return rest === 0 ? parts : [...parts, { kind: "inline", bytes: ZEROS.subarray(0, rest) }];
}
