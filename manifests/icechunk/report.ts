/** Facts about a repository for `inspect`. */

import { type Container, originPrefix } from "./containers.ts";
import type { Repository } from "./repository.ts";
import type { Version } from "./version.ts";

const MAX_MANIFESTS = 1000;

/**
 * The specification version, what is open, the virtual chunk containers with the line of the catalog
 * that would allow each, and the references of each manifest file. Read from `repo` and the snapshot
 * alone: no manifest file is fetched.
 *
 * @throws IndexError, OriginError
 */
export async function report(
  repository: Repository,
  version: Version,
  containers: () => Promise<Container[]>,
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
  for (const container of await containers()) {
    const prefix = originPrefix(container);
    facts.push([
      `container ${container.name ?? container.label}`,
      prefix === undefined
        ? `${container.urlPrefix} (not a URL prefix; ignored)`
        : `${prefix} (to allow it: "origins": [${JSON.stringify(prefix)}])`,
    ]);
  }
  for (const { id, bytes, refs } of snapshot.manifestFiles(MAX_MANIFESTS)) {
    facts.push([`manifest ${id}`, `${refs} references in ${bytes} bytes`]);
  }
  const more = snapshot.manifestFileCount - MAX_MANIFESTS;
  if (more > 0) facts.push(["manifests", `${more} more`]);
  return facts;
}
