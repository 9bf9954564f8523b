/** The metadata documents of a zipped Zarr store, and the folder in the zip that the store is. */

import { decompress } from "../../src/codecs/decompress.ts";
import { ChunkError, IndexError } from "../../src/errors.ts";
import { isMetadataName, parseDocument } from "../document_hierarchy.ts";
import { overLimit } from "../node_tree.ts";
import { Turn } from "../slices.ts";
import { isConsolidated } from "../zarr/documents.ts";
import type { Member, ZipDirectory } from "./directory.ts";
import { GZIP_HEADER, gzipTrailer } from "./gzip_member.ts";

const ROOT_NAMES = ["zarr.json", ".zmetadata", ".zgroup", ".zarray"];

/** Documents that are read at the same time: those near each other are one read. */
const CONCURRENT = 256;

/** The folder of the store in the zip: `""`, or with its slash. @throws IndexError if no Zarr is in it */
export function storeFolder(directory: ZipDirectory): string {
  if (ROOT_NAMES.some((name) => directory.find(name) !== undefined)) return "";
  const folders = new Set<string>();
  let isZarr = false;
  for (const name of directory.names) {
    const slash = name.indexOf("/");
    if (isMetadataName(name.slice(name.lastIndexOf("/") + 1))) isZarr = true;
    if (slash >= 0 && ROOT_NAMES.includes(name.slice(slash + 1))) {
      folders.add(name.slice(0, slash + 1));
    }
  }
  if (!isZarr) {
    throw new IndexError("There is no zarr.json, .zmetadata, .zgroup or .zarray in the zip");
  }
  // Several stores beside each other are groups of one.
  return folders.size === 1 ? [...folders][0] : "";
}

/**
 * The documents below `folder` by key; of a consolidated store the one that has them all.
 *
 * @throws IndexError, OriginError
 */
export async function readDocuments(
  directory: ZipDirectory,
  folder: string,
  maxBytes: number,
): Promise<Map<string, Uint8Array>> {
  const documents = new Map<string, Uint8Array>();
  const take = async (key: string) => {
    const number = directory.find(folder + key);
    if (number === undefined) return undefined;
    const member = directory.member(number);
    if (member.size > maxBytes) throw tooLarge(member.size, maxBytes);
    const bytes = await inflated(directory, member);
    documents.set(key, bytes);
    return bytes;
  };
  const zarrJson = await take("zarr.json");
  if (zarrJson) {
    const { node_type } = parseDocument(zarrJson, "zarr.json");
    if (node_type === "array" || isConsolidated(zarrJson)) return documents;
  } else {
    const zmetadata = await take(".zmetadata");
    if (zmetadata) {
      if (parseDocument(zmetadata, ".zmetadata").record_size === undefined) return documents;
      throw new IndexError("The zip has a kerchunk Parquet set in it, not a Zarr store");
    }
  }
  const keys: string[] = [];
  let total = 0;
  for (const [number, name] of directory.names.entries()) {
    const isDocument = name.startsWith(folder) &&
      isMetadataName(name.slice(name.lastIndexOf("/") + 1)) && directory.find(name) === number;
    if (!isDocument || documents.has(name.slice(folder.length))) continue;
    total += directory.member(number).size;
    keys.push(name.slice(folder.length));
  }
  if (total > maxBytes) throw tooLarge(total, maxBytes);
  for (let at = 0; at < keys.length; at += CONCURRENT) {
    await Promise.all(keys.slice(at, at + CONCURRENT).map(take));
  }
  return documents;
}

/** What is in a member. @throws IndexError if it is not what the directory says; OriginError */
async function inflated(directory: ZipDirectory, member: Member): Promise<Uint8Array> {
  const stored = await directory.reader.read(await directory.dataOffset(member), member.bytes);
  if (!member.isDeflated) return stored;
  const gzip = new Uint8Array(GZIP_HEADER.length + stored.length + 8);
  gzip.set(GZIP_HEADER);
  gzip.set(stored, GZIP_HEADER.length);
  gzip.set(gzipTrailer(member), GZIP_HEADER.length + stored.length);
  const turn = new Turn();
  const pace = { due: () => turn.isOver, turn: () => turn.pass() };
  try {
    return await decompress("gzip", gzip, { bytes: member.size, exact: true }, pace);
  } catch (fault) {
    if (!(fault instanceof ChunkError)) throw fault;
    throw new IndexError(
      `The zip is damaged: "${member.name}" cannot be inflated`,
      { name: member.name },
      fault,
    );
  }
}

function tooLarge(bytes: number, limit: number): IndexError {
  return overLimit(`The metadata in the zip have ${bytes} bytes`, limit);
}
