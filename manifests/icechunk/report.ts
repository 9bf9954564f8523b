/** Facts about a repository for `inspect`. */

import type { Repository } from "./repository.ts";
import type { Version } from "./version.ts";

const MAX_MANIFESTS = 1000;

/**
 * The specification version, what is open, and the references of each manifest file. Read from `repo`
 * and the snapshot alone: no manifest file is fetched.
 *
 * @throws IndexError, OriginError
 */
export async function report(
  repository: Repository,
  version: Version,
): Promise<Array<[label: string, text: string]>> {
  const snapshot = await repository.snapshot(version.snapshot);
  const facts: Array<[string, string]> = [
    ["format", `Icechunk, specification version ${version.spec}`],
    [version.kind, version.name],
    ["snapshot", snapshot.id],
    ["committed", new Date(snapshot.time).toISOString()],
    ["message", snapshot.message],
  ];
  if (version.repo) facts.push(["status", version.repo.status.availability]);
  for (const { id, bytes, refs } of snapshot.manifestFiles(MAX_MANIFESTS)) {
    facts.push([`manifest ${id}`, `${refs} references in ${bytes} bytes`]);
  }
  const more = snapshot.files.positions.length - MAX_MANIFESTS;
  if (more > 0) facts.push(["manifests", `${more} more`]);
  return facts;
}
