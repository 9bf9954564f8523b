/** The branches, tags and history of a repository, for `inspect`, the catalog and listing pages. */

import type { VersionInfo } from "../../src/manifest.ts";
import { type RefKind, refOfFolder, refPath } from "./ref_path.ts";
import type { RepoFile } from "./repo_file.ts";
import type { Repository } from "./repository.ts";
import { isDeleted, readRef, readRepoFile, type Version } from "./version.ts";

/** Snapshots of a history, and names, that are told. */
const MAX_TOLD = 1000;
/** Version 1 has a file a snapshot, and another a name. */
const MAX_FILES_READ = 100;

/**
 * Branches and tags, each sorted by name, then the history that ends at the open snapshot, newest
 * first. The history has at most 1,000 snapshots, in version 1 at most 100; so has each list of names.
 *
 * @throws IndexError, OriginError
 */
export async function listVersions(
  repository: Repository,
  version: Version,
): Promise<VersionInfo[]> {
  const repo = version.repo && await currentRepo(repository, version, version.repo);
  return repo
    ? versionsOfRepo(repo, version)
    : [...await namesOfRefs(repository, version), ...await historyByFiles(repository, version)];
}

/** The `repo` file as it is now: branches may have moved since this version was opened. */
async function currentRepo(
  repository: Repository,
  { source }: Version,
  opened: RepoFile,
): Promise<RepoFile> {
  const file = await repository.read("repo", source?.validator);
  return file ? await readRepoFile(repository, file) : opened;
}

function versionsOfRepo(repo: RepoFile, version: Version): VersionInfo[] {
  const told = (kind: "branch" | "tag") => ({ name, index }: { name: string; index: number }) => {
    const { id, time, message } = repo.snapshot(index);
    return { kind, name, snapshot: id, time, message };
  };
  return [
    ...repo.branches(MAX_TOLD).map(told("branch")),
    ...repo.tags(MAX_TOLD).map(told("tag")),
    ...repo.history(version.snapshot, MAX_TOLD)
      .map(({ id, time, message }) => (
        { kind: "snapshot", name: id, snapshot: id, time, message } as const
      )),
  ];
}

/** The names below `refs/`, where the origin can list; else the name that is open. */
async function namesOfRefs(repository: Repository, version: Version): Promise<VersionInfo[]> {
  const listed = await repository.origin.list?.({ url: repository.url("refs/") });
  if (!listed) {
    const { kind, name, snapshot } = version;
    return kind === "snapshot" ? [] : [{ kind, name, snapshot }];
  }
  const folders = listed.flatMap(({ name: folder }) => {
    const ref = refOfFolder(folder);
    return ref ? [{ ...ref, path: refPath(folder) }] : [];
  }).sort((a, b) => a.name < b.name ? -1 : 1);
  const named = async (wanted: RefKind) => {
    const found: VersionInfo[] = [];
    for (const { kind, name, path } of folders.filter(({ kind }) => kind === wanted)) {
      if (found.length === MAX_FILES_READ) break;
      const ref = await readRef(repository, path, false);
      if (!ref || (kind === "tag" && await isDeleted(repository, path, false))) continue;
      found.push({ kind, name, snapshot: ref.snapshot });
    }
    return found;
  };
  return [...await named("branch"), ...await named("tag")];
}

async function historyByFiles(repository: Repository, version: Version): Promise<VersionInfo[]> {
  const found: VersionInfo[] = [];
  const seen = new Set<string>();
  let id: string | undefined = version.snapshot;
  while (id !== undefined && !seen.has(id) && found.length < MAX_FILES_READ) {
    seen.add(id);
    const snapshot = await repository.snapshotIfPresent(id);
    if (!snapshot) break; // expired
    const { time, message } = snapshot;
    found.push({ kind: "snapshot", name: id, snapshot: id, time, message });
    id = snapshot.parent;
  }
  return found;
}
