/** The reads of the fault matrix: for each format, what a request makes the gateway read. */

/** The formats of the matrix, by their names in the catalog. */
export const MATRIX_FORMATS = ["kerchunk-json", "kerchunk-parquet", "icechunk", "zarr"] as const;

/** A key of {@link MATRIX_FORMATS}. */
export type MatrixFormat = typeof MATRIX_FORMATS[number];

/** One request, and the read behind it that goes wrong. */
export interface MatrixRead {
  readonly format: MatrixFormat;
  readonly kind: "chunk" | "index";
  /** What is read: unique within format and kind. */
  readonly name: string;
  /** The request, below the gateway's root. */
  readonly key: string;
  /** Requests before it, which go well. The index is not opened before where there is none. */
  readonly warm: readonly string[];
  /** The file (or folder, ending in a slash) that goes wrong; whatever is read if there is none. */
  readonly file?: string;
  /** True for a byte range, false for a whole object. */
  readonly ranged: boolean;
  /** The array of a chunk read; its chunk 0 is read. */
  readonly array?: "pass" | "large" | "frame" | "transcode" | "native";
  /** The stored bytes are sent on as they come: headers are out before the last of them is read. */
  readonly streamed?: true;
}

/**
 * Ids of the datasets. Those in `-now` look at their index again with each request, those in `-sniffed`
 * do not name their format.
 */
export const MATRIX_DATASETS: Record<string, { url: string; format: MatrixFormat }> = {
  json: { url: "set.json", format: "kerchunk-json" },
  parquet: { url: "set.parq/", format: "kerchunk-parquet" },
  v1: { url: "v1/", format: "icechunk" },
  v2: { url: "v2/", format: "icechunk" },
  store: { url: "store/", format: "zarr" },
};

/** More streams than the first ones of a host, which are watched piece by piece. */
const MANY_STREAMS = Array.from({ length: 20 }, () => "json/large/c/1");

const snapshot = (version: string) =>
  [...Deno.readDirSync(new URL(`../fixtures/icechunk/${version}/snapshots/`, import.meta.url))]
    .map(({ name }) => name).find((name) => !name.startsWith("1CECHNK"))!;

/** An entry of {@link MATRIX_READS} with what is usual filled in. */
function chunk(
  format: MatrixFormat,
  dataset: string,
  array: NonNullable<MatrixRead["array"]>,
  more: Partial<MatrixRead> = {},
): MatrixRead {
  return {
    format,
    kind: "chunk",
    name: array,
    key: `${dataset}/${array}/c/0`,
    warm: [`${dataset}/${array}/c/1`],
    ranged: format !== "zarr",
    array,
    ...(array === "large" ? { streamed: true } : {}),
    ...more,
  };
}

function index(
  format: MatrixFormat,
  name: string,
  key: string,
  file: string | undefined,
  warm: readonly string[] = [],
): MatrixRead {
  return { format, kind: "index", name, key, warm, file, ranged: false };
}

/** Every read of the matrix. */
export const MATRIX_READS: readonly MatrixRead[] = [
  chunk("kerchunk-json", "json", "pass"),
  chunk("kerchunk-json", "json", "large"),
  chunk("kerchunk-json", "json", "large", { name: "piped", warm: MANY_STREAMS }),
  chunk("kerchunk-json", "json", "frame"),
  chunk("kerchunk-json", "json", "transcode"),
  index("kerchunk-json", "json", "json/zarr.json", "set.json"),
  index("kerchunk-json", "json again", "json-now/pass/c/0", "set.json", ["json-now/pass/c/1"]),
  index(
    "kerchunk-json",
    "json after many",
    "json/zarr.json",
    "set.json",
    MANY_STREAMS.map((key) => key.replace("json/", "json-now/")),
  ),

  chunk("kerchunk-parquet", "parquet", "pass"),
  chunk("kerchunk-parquet", "parquet", "large"),
  chunk("kerchunk-parquet", "parquet", "transcode"),
  index("kerchunk-parquet", ".zmetadata", "parquet/zarr.json", "set.parq/.zmetadata"),
  index(
    "kerchunk-parquet",
    ".zmetadata again",
    "parquet-now/pass/c/0",
    "set.parq/.zmetadata",
    ["parquet-now/pass/c/1"],
  ),
  index("kerchunk-parquet", "partition", "parquet/pass/c/0", "set.parq/pass/refs.0.parq", [
    "parquet/zarr.json",
  ]),

  chunk("icechunk", "v2", "pass"),
  chunk("icechunk", "v2", "large"),
  chunk("icechunk", "v2", "native"),
  chunk("icechunk", "v1", "transcode"),
  index("icechunk", "repo", "v2/zarr.json", "v2/repo"),
  index("icechunk", "repo again", "v2-now/inline/c/0", "v2/repo", ["v2-now/inline/zarr.json"]),
  index("icechunk", "ref.json", "v1/zarr.json", "v1/refs/branch.main/ref.json"),
  index("icechunk", "ref.json again", "v1-now/inline/c/0", "v1/refs/branch.main/ref.json", [
    "v1-now/inline/zarr.json",
  ]),
  index("icechunk", "snapshot", "v2/zarr.json", `v2/snapshots/${snapshot("v2")}`),
  index("icechunk", "manifest", "v2/inline/c/0", "v2/manifests/", ["v2/inline/zarr.json"]),

  chunk("zarr", "store", "pass"),
  chunk("zarr", "store", "large"),
  chunk("zarr", "store", "transcode"),
  index("zarr", "zarr.json", "store/zarr.json", "store/zarr.json"),
  index("zarr", "array's zarr.json", "store/pass/c/0", "store/pass/zarr.json", [
    "store/frame/c/0",
  ]),
];

/** The first read of indexes whose format nothing tells but what is there. */
export const SNIFFED_READS: readonly MatrixRead[] = [
  index("icechunk", "version 1", "v1-sniffed/zarr.json", undefined),
  index("icechunk", "version 2", "v2-sniffed/zarr.json", undefined),
  index("zarr", "store", "store-sniffed/zarr.json", undefined),
];

/** The file below the archive's folder that a read reads, or the folder it is in. */
export function fileOf(read: MatrixRead): string {
  if (read.file !== undefined) return read.file;
  if (read.array === "native") return "v2/chunks/";
  return read.format === "zarr" ? read.key : "archive.bin";
}
