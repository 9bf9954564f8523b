/**
 * Icechunk repositories, specification versions 1, 2 and 2.1.
 *
 * The target is the repository's folder. A lookup goes from the version's name to a snapshot
 * (`version.ts`), to the node (`snapshot_file.ts`), to the manifest files that cover the chunk
 * (`manifest_extents.ts`), to the reference (`manifest_file.ts`, `array_refs.ts`) and to its address
 * (`chunk_address.ts`, `location.ts`). Everything is read through `Origin.read` by its name; nothing
 * has to be listed.
 */

import type { ManifestFormat } from "../../src/manifest.ts";
import { IcechunkManifest } from "./icechunk_manifest.ts";
import { Repository } from "./repository.ts";
import { findVersion } from "./version.ts";

/** The Icechunk format. */
export const icechunk: ManifestFormat = {
  name: "icechunk",

  async sniff(probe) {
    return await probe.has("repo") || await probe.has("refs/branch.main/ref.json");
  },

  async open(url, origin, options) {
    const repository = new Repository(url, origin, options);
    const version = await findVersion(repository);
    await repository.snapshot(version.snapshot);
    return new IcechunkManifest(repository, version);
  },
};
