/**
 * From a version's name to its snapshot.
 *
 * A name is looked for among the tags, then the branches, then the snapshot ids, and the first one
 * found counts: a tag never changes, so a branch that is made later cannot take its place. Deleted
 * tags do not exist. Without a name it is the catalog's branch, or `main`.
 *
 * A version 2 repository has it all in the file `repo`. A version 1 repository has a file for each
 * name, `refs/branch.<name>/ref.json` and `refs/tag.<name>/ref.json`, and nothing has to be listed.
 */

import { IndexError, OriginError, SluiceError } from "../../src/errors.ts";
import type { Validator } from "../../src/origin/source_file.ts";
import { isObject, type Json, parseJson } from "../../src/json.ts";
import { mustFitCache } from "./cache_limit.ts";
import { decodeText } from "./flatbuffer.ts";
import { unpackMetadataFile } from "./metadata_file.ts";
import { decodeObjectId } from "./object_id.ts";
import { type RefKind, refPaths } from "./ref_path.ts";
import { RepoFile } from "./repo_file.ts";
import type { ReadFile, Repository } from "./repository.ts";

/** A version of a repository. */
export interface Version {
  /** Version of the specification that the repository follows. */
  readonly spec: 1 | 2;
  /** What the name turned out to name; only a branch can move. */
  readonly kind: "branch" | "tag" | "snapshot";
  /** The branch or tag, or the snapshot's id. */
  readonly name: string;
  /** The snapshot's id. */
  readonly snapshot: string;
  /** The file that a branch is looked up in, and its state when it was. */
  readonly source?: { readonly path: string; readonly validator?: Validator };
  /** The `repo` file, of version 2. */
  readonly repo?: RepoFile;
}

const DEFAULT_BRANCH = "main";

/**
 * Finds the version that the options name.
 *
 * @throws SluiceError `not-found` for a version that a repository does not have
 * @throws IndexError if there is no repository, or not the branch that is its default
 * @throws OriginError
 */
export async function findVersion(repository: Repository): Promise<Version> {
  let refusal: OriginError | undefined;
  try {
    return await versionInRepo(repository);
  } catch (error) {
    // Without the right to list, S3 answers 403 for a key that does not exist.
    if (!(error instanceof OriginError) || !(error.absent || isForbidden(error))) throw error;
    if (!error.absent) refusal = error;
  }
  const found = await versionOfRefs(repository, refusal !== undefined);
  if (found) return found;
  // "No such version" is an answer of the repository's; first there has to be one.
  const known = repository.options.version !== undefined &&
    await findRef(repository, "branch", defaultBranch(repository), refusal !== undefined);
  throw known ? notFound(repository) : refusal ?? noDefaultBranch(repository);
}

/**
 * Looks a branch up again, with one conditional read; undefined if nothing has changed.
 *
 * @throws SluiceError as {@link findVersion}
 */
export async function findAgain(
  repository: Repository,
  before: Version,
): Promise<Version | undefined> {
  const { source } = before;
  if (!source) return undefined;
  let file: ReadFile | undefined;
  try {
    file = await repository.read(source.path, source.validator);
  } catch (error) {
    // Deleted, or moved to a `repo` file.
    if (error instanceof OriginError && error.absent) return await findVersion(repository);
    throw error;
  }
  if (!file) return undefined;
  if (before.spec === 2) {
    return versionOfRepo(await readRepoFile(repository, file), repository, file.validator);
  }
  const snapshot = parseRef(file.bytes, source.path);
  return snapshot === before.snapshot
    ? { ...before, source: { ...source, validator: file.validator } }
    : await findVersion(repository);
}

/** The version by the `repo` file. One that the file had not when it was last looked at is not found. */
async function versionInRepo(repository: Repository): Promise<Version> {
  const { version, look } = repository.options;
  const read = async () => {
    const file = (await repository.read("repo"))!;
    return { repo: await readRepoFile(repository, file), validator: file.validator };
  };
  let found: Awaited<ReturnType<typeof read>> | undefined;
  if (version !== undefined && look !== undefined) {
    const known = await repository.cached(`repo ${look}`, async () => {
      found = await read();
      return { value: found.repo, bytes: found.repo.bytes };
    });
    if (!found && !has(known, version)) throw notFound(repository);
  }
  found ??= await read();
  return versionOfRepo(found.repo, repository, found.validator);
}

/** Unpacks a `repo` file. @throws IndexError */
export async function readRepoFile(repository: Repository, file: ReadFile): Promise<RepoFile> {
  const { maxIndexBytes } = repository.options;
  const { body } = await unpackMetadataFile(file.bytes, "repo", maxIndexBytes);
  const repo = await RepoFile.read(body);
  mustFitCache("repo", repo.bytes, maxIndexBytes);
  return repo;
}

/**
 * The snapshot and state of a version 1 reference; undefined if there is none.
 *
 * @param forbiddenIsAbsent true where a missing file is answered with 403
 */
export async function readRef(
  repository: Repository,
  path: string,
  forbiddenIsAbsent: boolean,
): Promise<{ snapshot: string; validator?: Validator } | undefined> {
  const file = await ifPresent(() => repository.read(path), forbiddenIsAbsent);
  return file && { snapshot: parseRef(file.bytes, path), validator: file.validator };
}

/** True if the version 1 tag at `path` has a tombstone. */
export async function isDeleted(
  repository: Repository,
  path: string,
  forbiddenIsAbsent: boolean,
): Promise<boolean> {
  const read = () => repository.read(`${path}.deleted`);
  return await ifPresent(read, forbiddenIsAbsent) !== undefined;
}

function has(repo: RepoFile, version: string): boolean {
  return (repo.tag(version) ?? repo.branch(version) ?? repo.snapshotOf(version)) !== undefined;
}

function versionOfRepo(repo: RepoFile, repository: Repository, validator?: Validator): Version {
  const { availability, reason } = repo.status;
  if (availability === "offline") {
    throw new SluiceError(
      "origin-unavailable",
      `The Icechunk repository is set offline${reason ? `: ${reason.slice(0, 200)}` : ""}`,
      { url: repository.base.href },
    );
  }
  const wanted = repository.options.version;
  const tag = wanted === undefined ? undefined : repo.tag(wanted);
  if (tag) {
    return { spec: 2, kind: "tag", name: tag.name, snapshot: repo.snapshot(tag.index).id, repo };
  }
  const branch = repo.branch(wanted ?? defaultBranch(repository));
  if (branch) {
    return {
      spec: 2,
      kind: "branch",
      name: branch.name,
      snapshot: repo.snapshot(branch.index).id,
      source: { path: "repo", validator },
      repo,
    };
  }
  if (wanted !== undefined && repo.snapshotOf(wanted)) {
    return { spec: 2, kind: "snapshot", name: wanted, snapshot: wanted, repo };
  }
  throw notFound(repository);
}

async function versionOfRefs(
  repository: Repository,
  forbiddenIsAbsent: boolean,
): Promise<Version | undefined> {
  const wanted = repository.options.version;
  const name = wanted ?? defaultBranch(repository);
  // Version 1 names have no slashes, and no URL can hold half a surrogate pair.
  if (!name.includes("/") && name.isWellFormed()) {
    if (wanted !== undefined) {
      const tag = await findRef(repository, "tag", name, forbiddenIsAbsent);
      if (tag && !await isDeleted(repository, tag.path, forbiddenIsAbsent)) {
        return { spec: 1, kind: "tag", name, snapshot: tag.snapshot };
      }
    }
    const branch = await findRef(repository, "branch", name, forbiddenIsAbsent);
    if (branch) {
      const { path, snapshot, validator } = branch;
      return { spec: 1, kind: "branch", name, snapshot, source: { path, validator } };
    }
  }
  if (wanted !== undefined && decodeObjectId(wanted)) {
    const file = await ifPresent(() => repository.snapshot(wanted), forbiddenIsAbsent);
    if (file) return { spec: 1, kind: "snapshot", name: wanted, snapshot: wanted };
  }
  return undefined;
}

/** Looks a version 1 reference up where it may lie; undefined if there is none. */
async function findRef(
  repository: Repository,
  kind: RefKind,
  name: string,
  forbiddenIsAbsent: boolean,
): Promise<{ path: string; snapshot: string; validator?: Validator } | undefined> {
  for (const path of refPaths(kind, name)) {
    const ref = await readRef(repository, path, forbiddenIsAbsent);
    if (ref) return { path, ...ref };
  }
  return undefined;
}

function defaultBranch(repository: Repository): string {
  return repository.options.branch ?? DEFAULT_BRANCH;
}

function notFound(repository: Repository): SluiceError {
  const { version } = repository.options;
  return version === undefined ? noDefaultBranch(repository) : new SluiceError(
    "not-found",
    `The Icechunk repository has no tag, branch or snapshot "${version}"`,
  );
}

/** Not "not found": a client would take every chunk for absent, and fill it. */
function noDefaultBranch(repository: Repository): IndexError {
  const branch = defaultBranch(repository);
  return new IndexError(
    `There is no Icechunk repository with a branch "${branch}"; the catalog's "branch" names another`,
    { url: repository.base.href },
  );
}

/** @throws IndexError */
function parseRef(bytes: Uint8Array, path: string): string {
  let document: Json;
  try {
    document = parseJson(decodeText(bytes));
  } catch (error) {
    throw new IndexError("An Icechunk reference is not JSON", { path }, error);
  }
  const snapshot = isObject(document) ? document.snapshot : undefined;
  if (typeof snapshot !== "string" || !decodeObjectId(snapshot)) {
    throw new IndexError("An Icechunk reference names no snapshot", { path });
  }
  return snapshot;
}

async function ifPresent<T>(read: () => Promise<T>, forbiddenIsAbsent: boolean) {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof OriginError)) throw error;
    if (error.absent || (forbiddenIsAbsent && isForbidden(error))) return undefined;
    throw error;
  }
}

function isForbidden(error: OriginError): boolean {
  return error.context.originStatus === 403;
}
