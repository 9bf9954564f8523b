/** The branches and tags of a dataset as links, for the catalog and the dataset's page. */

import type { Manifest, VersionInfo } from "../src/manifest.ts";

/** A version and where it is served. */
export interface VersionLink extends VersionInfo {
  /** The version's store, relative to the server's root. */
  readonly href: string;
}

/** Links to every version that the index names; none for an index without versions. */
export async function versionLinks(id: string, manifest: Manifest): Promise<VersionLink[]> {
  const versions = await manifest.versions?.() ?? [];
  return versions.map((version) => ({
    ...version,
    href: `/${id}@${encodeURIComponent(version.name)}/`,
  }));
}
