/** Zipped Zarr stores, v2 and v3: `.zarr.zip`, and OME-Zarr's `.ozx`. The zip's own directory is the index. */

import type { ManifestFormat } from "../../src/manifest.ts";
import { refuseVersion } from "../version_option.ts";
import { ZipManifest } from "./zip_manifest.ts";

/** `zip`: a zip of a Zarr store, or of the one folder that is the store. */
export const zip: ManifestFormat = {
  name: "zip",
  named: (url) => /\.(?:zip|ozx)$/i.test(url.pathname),
  sniff: ({ head }) =>
    head !== undefined && new TextDecoder().decode(head.subarray(0, 4)) === MAGIC,
  async open(url, origin, options) {
    refuseVersion(this.name, options);
    return await ZipManifest.open(url, origin, options);
  },
};

const MAGIC = "PK\x03\x04";
