/**
 * What the clients of the fault tests read: arrays of which one chunk, or one file of the index, meets
 * a fault of test/faults/matrix_faults.ts. Nothing that a client asks for besides is spoiled.
 */

import {
  archiveFiles,
  BAD_REFERENCES,
  BASE,
  json,
  partition,
  storedChunk,
} from "../faults/matrix_archive.ts";
import { MATRIX_SECTIONS, type MatrixFault } from "../faults/matrix_faults.ts";
import { MATRIX_READS, type MatrixRead } from "../faults/matrix_reads.ts";
import { type OriginServer, startOrigin } from "../faults/origin_server.ts";

/** One read of a client. */
export interface FaultCell {
  /** `fault|read`. */
  readonly id: string;
  readonly fault: string;
  /** What is spoiled. */
  readonly read: string;
  /** The dataset, below the gateway's root. */
  readonly dataset: string;
  readonly array: string;
  readonly start: readonly number[];
  readonly count: readonly number[];
  /** The key that is answered with the fault. */
  readonly key: string;
}

/** The scripted origins, the catalog over them, and what is read. */
export interface FaultWorld extends AsyncDisposable {
  readonly catalog: unknown;
  readonly cells: readonly FaultCell[];
}

/** Arrays of the archive: one a tier, and one whose chunks are too large to be collected. */
const TIERS = ["pass", "large", "frame", "transcode"] as const;
type Tier = typeof TIERS[number];
const COLUMNS = 125;
const rowsOf = (tier: Tier) => tier === "large" ? 24 : 4;
/** The chunks of the archive that stand in the first and in the second place. */
const chunksOf = (tier: Tier) => tier === "large" ? [0, 1] as const : [1, 2] as const;

const ENCODINGS: Record<Tier, { filters: unknown; compressor: unknown }> = {
  pass: { filters: null, compressor: null },
  large: { filters: null, compressor: null },
  frame: { filters: [{ id: "shuffle", elementsize: 4 }], compressor: { id: "zlib", level: 4 } },
  transcode: {
    filters: [{ id: "delta", dtype: "<i4", astype: "<i4" }],
    compressor: { id: "zlib", level: 4 },
  },
};

/** Two chunks, one below the other: the first is good. */
function zarray(tier: Tier) {
  return {
    zarr_format: 2,
    shape: [2 * rowsOf(tier), COLUMNS],
    chunks: [rowsOf(tier), COLUMNS],
    dtype: "<i4",
    order: "C",
    fill_value: -1,
    ...ENCODINGS[tier],
  };
}
const DIMENSIONS = { _ARRAY_DIMENSIONS: ["y", "x"] };

/** The rows of the second chunk. */
const secondOf = (tier: Tier) => ({ start: [rowsOf(tier), 0], count: [rowsOf(tier), COLUMNS] });
/** The third chunk of the arrays of the Icechunk fixture. */
const THIRD = { start: [1000], count: [500] };

const allFaults = MATRIX_SECTIONS.flatMap(({ faults }) => faults);
/** The faults that an origin can make, always and alone. */
const originFaults = allFaults.filter(({ fault, times }) =>
  fault && times === undefined && fault.kind !== "changed-tag"
);
/** The indexes that are wrong in themselves, under the limits that a catalog has by default. */
const contentFaults = allFaults.filter(({ content, limits }) => content && !limits);
/** Chunks of `transcode` and `pass` in the archive that are wrong on purpose. */
const WRONG_CHUNKS: Array<[Tier, chunk: number, what: string]> = [
  ["transcode", 3, "a chunk is a zlib bomb"],
  ["transcode", 4, "a chunk is garbage"],
  ["transcode", 5, "a chunk decodes to an element less"],
  ["transcode", 6, "a chunk decodes to an element more"],
  ["pass", 5, "a chunk of raw bytes is an element short"],
  ["pass", 6, "a chunk of raw bytes is an element long"],
];

const matrixRead = (format: MatrixRead["format"], kind: MatrixRead["kind"], name: string) =>
  MATRIX_READS.find((read) => read.format === format && read.kind === kind && read.name === name)!;
const READS = {
  chunk: matrixRead("kerchunk-json", "chunk", "pass"),
  json: matrixRead("kerchunk-json", "index", "json"),
  partition: matrixRead("kerchunk-parquet", "index", "partition"),
  manifest: matrixRead("icechunk", "index", "manifest"),
  native: matrixRead("icechunk", "chunk", "native"),
  zarr: matrixRead("zarr", "chunk", "pass"),
};

/** Whether the fault can happen in the read and is a fault there, and no absence. */
function applies(fault: MatrixFault, read: MatrixRead): boolean {
  const outcome = fault.expect(read);
  return outcome !== null && outcome !== "404 not-found";
}

/** Collects origins, datasets and cells. */
class World implements FaultWorld {
  readonly cells: FaultCell[] = [];
  readonly datasets: Record<string, unknown> = {};
  readonly origins: OriginServer[] = [];
  readonly #archive = archiveFiles();

  get catalog(): unknown {
    return { datasets: this.datasets, limits: { requestTimeoutMs: 700 } };
  }

  async origin(): Promise<OriginServer> {
    const origin = await startOrigin();
    this.origins.push(origin);
    for (const tier of TIERS) {
      for (const c of chunksOf(tier)) {
        origin.files.set(`/${tier}-${c}`, padded(storedChunk(tier, c)));
      }
    }
    for (const [path, content] of this.#archive) origin.files.set(`/data/${path}`, content);
    return origin;
  }

  add(cell: Omit<FaultCell, "id" | "key"> & { key?: string }): void {
    const index = cell.start.map((at, i) => at / cell.count[i]).join("/");
    const key = `${cell.dataset}/${cell.array}/c/${index}`;
    this.cells.push({ key, ...cell, id: `${cell.fault}|${cell.read}` });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.origins.map((origin) => origin.stop()));
  }
}

/** A chunk that does not start its file, so that a moved range is another one. */
function padded(bytes: Uint8Array): Uint8Array {
  const file = new Uint8Array(bytes.length + 14).fill(255);
  file.set(bytes, 7);
  return file;
}

function reference(origin: OriginServer, tier: Tier, nth: 0 | 1): [string, number, number] {
  const c = chunksOf(tier)[nth];
  return [`${origin.url}${tier}-${c}`, 7, storedChunk(tier, c).length];
}

/** Starts an origin for each fault, and one where all is well. */
export async function startFaultWorld(): Promise<FaultWorld> {
  const world = new World();
  const well = await world.origin();
  const refs: Record<string, unknown> = { ".zgroup": '{"zarr_format":2}' };
  const addArray = (into: Record<string, unknown>, name: string, tier: Tier, second: unknown) => {
    into[`${name}/.zarray`] = JSON.stringify(zarray(tier));
    into[`${name}/.zattrs`] = JSON.stringify(DIMENSIONS);
    into[`${name}/0.0`] = reference(well, tier, 0);
    into[`${name}/1.0`] = second;
  };
  const addChunk = (fault: string, read: string, tier: Tier, second: unknown) => {
    const array = `a${world.cells.length}`;
    addArray(refs, array, tier, second);
    world.add({ fault, read, dataset: "chunks", array, ...secondOf(tier) });
  };

  for (const { name, url, offset, length } of BAD_REFERENCES) {
    // Those need a validator, or mean something else in each format.
    if (/^(offset 0|a file)/.test(name)) continue;
    const here = url.replace(BASE, `${well.url}data/`);
    addChunk(`a reference leads to ${name}`, "pass", "pass", [here, offset, length]);
  }
  for (const [tier, c, what] of WRONG_CHUNKS) {
    well.files.set(`/wrong-${tier}-${c}`, padded(storedChunk(tier, c)));
    const { length } = storedChunk(tier, c);
    addChunk(what, tier, tier, [`${well.url}wrong-${tier}-${c}`, 7, length]);
  }
  for (const fault of [...originFaults, ...contentFaults]) {
    const origin = await world.origin();
    if (fault.fault && applies(fault, READS.chunk)) {
      for (const tier of TIERS) {
        addChunk(fault.name, tier, tier, reference(origin, tier, 1));
        origin.fault(`/${tier}-${chunksOf(tier)[1]}`, fault.fault);
      }
    }
    addIndexes(world, well, origin, fault, addArray);
  }
  well.files.set("/chunks.json", json({ version: 1, refs }));
  world.datasets.chunks = {
    url: `${well.url}chunks.json`,
    origins: world.origins.map(({ url }) => url),
  };
  return world;
}

/** A dataset of each format on `origin`, of which one file is spoiled. */
function addIndexes(
  world: World,
  well: OriginServer,
  origin: OriginServer,
  fault: MatrixFault,
  addArray: (into: Record<string, unknown>, name: string, tier: Tier, second: unknown) => void,
): void {
  const id = `d${world.origins.length}`;
  const add = (
    read: keyof typeof READS,
    title: string,
    url: string,
    spoiled: string,
    cell: Pick<FaultCell, "array" | "start" | "count"> & { key?: string },
  ) => {
    const { format } = READS[read];
    if (!applies(fault, READS[read])) return;
    for (const [path, bytes] of origin.files) {
      if (!path.startsWith(spoiled)) continue;
      if (fault.fault) origin.fault(path, fault.fault);
      const content = fault.content?.(bytes, READS[read]);
      if (content) origin.files.set(path, content);
    }
    const dataset = `${id}/${read}`;
    world.datasets[dataset] = { url: origin.url + url, format, origins: [origin.url, well.url] };
    world.add({ fault: fault.name, read: title, dataset, ...cell });
  };

  const set: Record<string, unknown> = { ".zgroup": '{"zarr_format":2}' };
  addArray(set, "pass", "pass", reference(well, "pass", 1));
  origin.files.set("/set.json", json({ version: 1, refs: set }));
  add("json", "JSON", "set.json", "/set.json", {
    array: "pass",
    key: `${id}/json/zarr.json`,
    ...secondOf("pass"),
  });

  const metadata = {
    ".zgroup": { zarr_format: 2 },
    "pass/.zarray": zarray("pass"),
    "pass/.zattrs": DIMENSIONS,
  };
  origin.files.set("/set.parq/.zmetadata", json({ metadata, record_size: 1 }));
  for (const c of [0, 1] as const) {
    const rows = [reference(well, "pass", c)];
    origin.files.set(`/set.parq/pass/refs.${c}.parq`, partition(rows));
  }
  add("partition", "Parquet partition", "set.parq/", "/set.parq/pass/refs.1", {
    array: "pass",
    ...secondOf("pass"),
  });
  add("manifest", "Icechunk manifest", "data/v2/", "/data/v2/manifests/", {
    array: "native",
    ...THIRD,
  });
  // The other specification, so that the one's manifests do not matter to the other's chunks.
  add("native", "Icechunk chunk", "data/v1/", "/data/v1/chunks/", { array: "native", ...THIRD });
  add("zarr", "Zarr chunk", "data/store/", "/data/store/pass/c/2", { array: "pass", ...THIRD });
}
