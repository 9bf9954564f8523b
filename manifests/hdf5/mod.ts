/** HDF5 files, NetCDF-4 among them, opened without any index beside them. Source: HDF5 File Format Specification 3.0. */

import type { ManifestFormat } from "../../src/manifest.ts";
import { refuseVersion } from "../version_option.ts";
import { Hdf5Manifest } from "./hdf5_manifest.ts";
import { hasSignature } from "./superblock.ts";

/** `hdf5`: a file with HDF5's signature at its start, or behind a user block. */
export const hdf5: ManifestFormat = {
  name: "hdf5",
  // a `.nc` may be NetCDF-3
  named: (url) => /\.(?:h5|hdf5|he5|nc4)$/i.test(url.pathname),
  sniff({ head }) {
    for (let at = 0; head && at < head.length; at = at === 0 ? 512 : 2 * at) {
      if (hasSignature(head.subarray(at))) return true;
    }
    return false;
  },
  async open(url, origin, options) {
    refuseVersion(this.name, options);
    return await Hdf5Manifest.open(url, origin, options);
  },
};
