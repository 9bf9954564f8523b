/** GeoTIFF files and Cloud Optimized GeoTIFFs, opened without any index beside them. Sources: TIFF 6.0; OGC 19-008. */

import type { ManifestFormat } from "../../src/manifest.ts";
import { refuseVersion } from "../version_option.ts";
import { GeoTiffManifest } from "./geotiff_manifest.ts";
import { isTiff } from "./tiff_file.ts";

/** `geotiff`: a TIFF file, classic or BigTIFF, in either byte order. */
export const geotiff: ManifestFormat = {
  name: "geotiff",
  named: (url) => /\.tiff?$/i.test(url.pathname),
  sniff: ({ head }) => head !== undefined && isTiff(head),
  async open(url, origin, options) {
    refuseVersion(this.name, options);
    return await GeoTiffManifest.open(url, origin, options);
  },
};
