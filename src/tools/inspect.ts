/** What an index holds: tree, types, chunks, codecs, tiers, references and the origins they need. */

import type { ChunkPlan } from "../chunk/tier.ts";
import { type ContainerInfo, type Manifest, ROW_KIND, type VersionInfo } from "../manifest.ts";
import { ReferenceFolders } from "./reference_folders.ts";
import type { Store } from "../catalog/store.ts";
import { dataTypeName } from "../zarr/data_type.ts";

export interface ArrayReport {
  /** Below the root; empty for a root array. */
  readonly path: string;
  readonly shape: readonly number[];
  /** The dimensions' names; null where one has none. */
  readonly dimensions: ReadonlyArray<string | null>;
  readonly dtype: string;
  readonly chunks: readonly number[];
  readonly codecs: readonly string[];
  readonly tier: ChunkPlan["tier"];
  readonly served: readonly string[];
  readonly refs: number;
  readonly grid: number;
  /** Why the portable view leaves it out. */
  readonly problem?: string;
}

/** A node that its index describes as what cannot be. */
export interface MalformedReport {
  /** Below the root. */
  readonly path: string;
  readonly problem: string;
}

export interface InspectReport {
  /** Snapshot id, or a hash of the index. */
  readonly version: string;
  /** Their paths; the root's is empty. */
  readonly groups: readonly string[];
  /** In the order of the hierarchy, parents before children. */
  readonly arrays: readonly ArrayReport[];
  readonly malformed: readonly MalformedReport[];
  /** Stored chunks of all arrays. */
  readonly refs: number;
  /** Prefixes outside the index that the references point to, as the catalog's `origins` take them. */
  readonly origins: readonly string[];
  /** Those of `origins` that the dataset may not read. */
  readonly refused: readonly string[];
  /** The places that the index declares, and whether the dataset may read them. */
  readonly containers: ReadonlyArray<ContainerInfo & { readonly allowed: boolean }>;
  /** Branches, tags and the history, where the format has versions. */
  readonly versions: readonly VersionInfo[];
  /** What in the index may not be what its writer meant. */
  readonly doubts: readonly string[];
  /** Facts of the format itself. */
  readonly facts: ReadonlyArray<readonly [string, string]>;
}

/**
 * Reads all of an index. It reads no chunk.
 *
 * @param allows whether the dataset may read what lies below a URL prefix
 * @param own the index as a folder, e.g. of native chunks, which no catalog has to name
 * @param progress is told the references counted so far
 * @throws SluiceError
 */
export async function inspect(
  store: Store,
  allows: (prefix: string) => boolean,
  own: string,
  progress: (refs: number) => void = () => {},
): Promise<InspectReport> {
  const { manifest } = store;
  const groups: string[] = [];
  const arrays: ArrayReport[] = [];
  const malformed: MalformedReport[] = [];
  const folders = new ReferenceFolders(allows, own);
  let total = 0;
  const root = await store.node("");
  const nodes = [
    ...(root ? [["", root] as const] : []),
    ...await Array.fromAsync(store.descendants("")),
  ];
  for (const [path, node] of nodes) {
    if (node.type === "group") {
      groups.push(path);
      continue;
    }
    if (node.type === "malformed") {
      malformed.push({ path, problem: node.fault.message });
      continue;
    }
    const refs = await countRefs(manifest, path, folders, (n) => progress(total + n));
    total += refs;
    const { native, plan, layout } = node;
    arrays.push({
      path,
      shape: native.shape,
      dimensions: native.dimension_names ?? native.shape.map(() => null),
      dtype: dataTypeName(native.data_type),
      chunks: layout?.chunkShape ?? [],
      codecs: native.codecs.map((codec) => codec.name),
      tier: plan.tier,
      served: plan.codecs.map((codec) => codec.name),
      refs,
      grid: layout?.chunks ?? 0,
      problem: node.leftOut,
    });
  }
  return {
    version: manifest.version,
    groups,
    arrays,
    malformed,
    refs: total,
    origins: folders.all(),
    refused: folders.refused(),
    containers: (await manifest.containers?.() ?? []).map((container) => ({
      ...container,
      allowed: container.prefix !== undefined && allows(container.prefix),
    })),
    versions: await manifest.versions?.() ?? [],
    doubts: await manifest.doubts?.() ?? [],
    facts: await manifest.report?.() ?? [],
  };
}

/** Counts an array's references, and adds where they lead to `folders`. */
async function countRefs(
  manifest: Manifest,
  path: string,
  folders: ReferenceFolders,
  progress: (refs: number) => void,
): Promise<number> {
  let refs = 0;
  for await (const table of manifest.refs(path)) {
    refs += table.rows;
    const used = new Set<number>();
    for (let row = 0; row < table.rows; row++) {
      const kind = table.kinds[row];
      if (kind === ROW_KIND.range || kind === ROW_KIND.object) used.add(table.urlIds[row]);
    }
    for (const id of used) folders.add(table.urls[id]);
    progress(refs);
  }
  return refs;
}
