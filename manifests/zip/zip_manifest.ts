/** An opened zip of a Zarr store: its directory in memory, a member's own header read when it is asked for. */

import { ChunkError } from "../../src/errors.ts";
import { type ChunkTable, type Manifest, type Node, type OpenOptions } from "../../src/manifest.ts";
import type { ChunkRef } from "../../src/chunk/ref.ts";
import type { Origin } from "../../src/origin/origin.ts";
import { BlockReader } from "../../src/origin/share/block_reader.ts";
import {
  chunkKey,
  type ChunkLayout,
  chunkOrdinal,
  parseChunkKey,
} from "../../src/zarr/chunk_grid.ts";
import { stringifyJson } from "../../src/json.ts";
import type { ArrayNode, SourceDocuments } from "../../src/zarr/node.ts";
import { DocumentHierarchy, parseDocument } from "../document_hierarchy.ts";
import { VersionHash } from "../index_stream.ts";
import { childPath } from "../node_tree.ts";
import { ChunkTableBuilder } from "../references/chunk_table_builder.ts";
import { FIRST_URL_ID, UNUSABLE_ID } from "../references/packed_references.ts";
import { Turn } from "../slices.ts";
import { ZipDirectory } from "./directory.ts";
import { readDocuments, storeFolder } from "./documents.ts";
import { GZIP_CODEC, GZIP_HEADER, gzipTrailer } from "./gzip_member.ts";

const NOTHING = new Uint8Array(0);

/** The chunks of one array that the zip has. */
interface ArrayMembers {
  readonly layout: ChunkLayout;
  /** Their numbers in the directory. */
  readonly numbers: number[];
  deflated: number;
}

/** One file in one state. */
export class ZipManifest implements Manifest {
  readonly pinned = false;
  readonly version: string;
  readonly heldBytes: number;
  /** Whether any chunk is. */
  readonly #isDeflated: boolean;

  private constructor(
    readonly origin: Origin,
    readonly options: OpenOptions,
    readonly directory: ZipDirectory,
    readonly folder: string,
    readonly hierarchy: DocumentHierarchy,
    readonly arrays: ReadonlyMap<string, ArrayMembers>,
    readonly cost: string,
  ) {
    this.version = new VersionHash()
      .update(new TextEncoder().encode(directory.reader.key)).digest();
    this.heldBytes = directory.heldBytes + hierarchy.heldBytes;
    this.#isDeflated = [...arrays.values()].some(({ deflated }) => deflated > 0);
  }

  /** Reads the zip's directory and the store's metadata. @throws IndexError, OriginError */
  static async open(url: URL, origin: Origin, options: OpenOptions): Promise<ZipManifest> {
    const start = performance.now();
    const reader = await BlockReader.open(origin, { url }, options.cache);
    const directory = await ZipDirectory.read(reader, options.maxIndexBytes);
    const folder = storeFolder(directory);
    const documents = await readDocuments(directory, folder, options.maxIndexBytes);
    const hierarchy = new DocumentHierarchy(documents);
    const arrays = await sortMembers(directory, folder, hierarchy);
    const { requests, bytes } = reader.cost;
    const milliseconds = (performance.now() - start).toFixed(0);
    const cost = `${requests} requests, ${bytes} bytes, ${milliseconds} ms`;
    return new ZipManifest(origin, options, directory, folder, hierarchy, arrays, cost);
  }

  // deno-lint-ignore require-await -- a fault is a rejection
  async node(path: string): Promise<Node | undefined> {
    const node = this.hierarchy.node(path);
    if (node?.type === "array") {
      const members = this.arrays.get(path);
      return members ? withDeflated(node, members) : node;
    }
    // What a group's own document says of the arrays below it is not what they are served as.
    return node?.source?.zarrFormat === 3 && this.#isDeflated
      ? { ...node, source: undefined }
      : node;
  }

  // deno-lint-ignore require-await -- a fault is a rejection
  async children(path: string): Promise<string[]> {
    return this.hierarchy.children(path);
  }

  async chunk(path: string, coords: readonly number[]): Promise<ChunkRef | undefined> {
    const members = this.arrays.get(path);
    if (!members || chunkOrdinal(members.layout, coords) === undefined) return undefined;
    const key = this.folder + childPath(path, chunkKey(members.layout, coords));
    const number = this.directory.find(key);
    if (number === undefined) return undefined;
    const member = this.directory.member(number);
    if (member.size === 0) throw new ChunkError(`The zip's member "${key}" is empty`);
    const offset = await this.directory.dataOffset(member);
    const { file } = this.directory.reader;
    const range: ChunkRef = { kind: "range", file, offset, length: member.bytes };
    const encoding = encodingOf(members, member.isDeflated);
    if (!member.isDeflated) return { ...range, encoding };
    const prefix: ChunkRef = { kind: "inline", bytes: GZIP_HEADER };
    const suffix: ChunkRef = { kind: "inline", bytes: gzipTrailer(member) };
    return { kind: "concat", parts: [prefix, range, suffix], encoding };
  }

  /** Rows lead to members' own headers, which tell where the bytes behind them begin: none is read. */
  async *refs(path: string): AsyncGenerator<ChunkTable> {
    const members = this.arrays.get(path);
    if (!members) return;
    const { layout, numbers } = members;
    const inside = this.folder.length + (path === "" ? 0 : path.length + 1);
    const tables = new ChunkTableBuilder(layout, () => this.directory.reader.file.url.href);
    const turn = new Turn();
    for (const number of numbers) {
      if (turn.isOver) await turn.pass();
      const { bytes, header, isDeflated, name, size } = this.directory.member(number);
      const ordinal = chunkOrdinal(layout, parseChunkKey(layout, name.slice(inside)) ?? []);
      if (ordinal === undefined) continue;
      const id = size === 0 ? UNUSABLE_ID : FIRST_URL_ID;
      tables.add(
        ordinal,
        { id, offset: header, length: bytes },
        encodingOf(members, isDeflated),
      );
      if (tables.isFull) yield tables.take(NOTHING);
    }
    if (tables.rows > 0) yield tables.take(NOTHING);
  }

  async refresh(): Promise<Manifest> {
    const { file: { url, validator }, size } = this.directory.reader;
    if (validator) {
      const info = await this.origin.head({ url });
      const isSame = info.length === size && info.validator?.etag === validator.etag &&
        info.validator?.lastModified === validator.lastModified;
      if (isSame) return this;
    }
    return await ZipManifest.open(url, this.origin, this.options);
  }

  report(): Promise<Array<[label: string, text: string]>> {
    return Promise.resolve([["read to open", this.cost]]);
  }
}

/** The members that are chunks, by array. */
async function sortMembers(
  directory: ZipDirectory,
  folder: string,
  hierarchy: DocumentHierarchy,
): Promise<Map<string, ArrayMembers>> {
  const arrays = new Map<string, ArrayMembers>();
  const turn = new Turn();
  for (const path of hierarchy.arrayPaths()) {
    if (turn.isOver) await turn.pass();
    const layout = layoutOf(hierarchy, path);
    if (layout) arrays.set(path, { layout, numbers: [], deflated: 0 });
  }
  for (const [number, name] of directory.names.entries()) {
    if (turn.isOver) await turn.pass();
    if (!name.startsWith(folder) || directory.find(name) !== number) continue;
    const key = name.slice(folder.length);
    for (let slash = key.lastIndexOf("/");; slash = key.lastIndexOf("/", slash - 1)) {
      const members = arrays.get(key.slice(0, Math.max(0, slash)));
      if (members) {
        const coords = parseChunkKey(members.layout, key.slice(slash + 1));
        if (coords && chunkOrdinal(members.layout, coords) !== undefined) {
          members.numbers.push(number);
          if (directory.isDeflated(number)) members.deflated++;
        }
        break;
      }
      if (slash <= 0) break;
    }
  }
  return arrays;
}

/** The layout of an array; of one that is malformed none, which is said when it is asked for. */
function layoutOf(hierarchy: DocumentHierarchy, path: string): ChunkLayout | undefined {
  try {
    return hierarchy.layout(path);
  } catch {
    return undefined;
  }
}

/** Whether most chunks are deflated: that is then the usual encoding. */
function isMostlyDeflated({ deflated, numbers }: ArrayMembers): boolean {
  return deflated * 2 > numbers.length;
}

function encodingOf(members: ArrayMembers, isDeflated: boolean): number {
  return isDeflated === isMostlyDeflated(members) ? 0 : 1;
}

/** The array with gzip behind its codecs, for all chunks or for some. */
function withDeflated(node: ArrayNode, members: ArrayMembers): ArrayNode {
  const { deflated, numbers } = members;
  if (deflated === 0) return node;
  const { metadata } = node;
  const own = { codecs: metadata.codecs };
  const outer = { codecs: [...metadata.codecs, GZIP_CODEC] };
  const isUsual = isMostlyDeflated(members);
  const isSharded = metadata.codecs.some(({ name }) => name === "sharding_indexed");
  return {
    ...node,
    ...(isUsual && { metadata: { ...metadata, ...outer }, source: withGzip(node.source) }),
    ...(deflated < numbers.length && { encodings: isUsual ? [outer, own] : [own, outer] }),
    // Clients look for parts of shards by themselves: in gzip they would find other bytes there.
    unsupported: node.unsupported ??
      (isSharded ? "its shards are deflated; store them in the zip as they are" : undefined),
    layout: members.layout,
  };
}

/** An array's own documents with gzip behind its codecs; none of v3, whose metadata say it all. */
function withGzip(source: SourceDocuments | undefined): SourceDocuments | undefined {
  if (source?.zarrFormat !== 2 || !source.document) return undefined;
  const zarray = parseDocument(source.document, ".zarray");
  const { filters, compressor } = zarray;
  const document = stringifyJson({
    ...zarray,
    filters: [...Array.isArray(filters) ? filters : [], ...compressor ? [compressor] : []],
    compressor: { id: GZIP_CODEC.name, ...GZIP_CODEC.configuration },
  });
  return { ...source, document: new TextEncoder().encode(document) };
}
