/** NetCDF-3 files, opened without any index beside them. Source: "File Format Specifications" in the NetCDF User's Guide. */

import type { ManifestFormat } from "../../src/manifest.ts";
import { refuseVersion } from "../version_option.ts";
import { hasMagic } from "./header.ts";
import { Netcdf3Manifest } from "./netcdf3_manifest.ts";

/** `netcdf3`: a classic (CDF-1), 64-bit offset (CDF-2) or 64-bit data (CDF-5) file. Its `.nc` may be HDF5, too. */
export const netcdf3: ManifestFormat = {
  name: "netcdf3",
  sniff: ({ head }) => head !== undefined && hasMagic(head),
  async open(url, origin, options) {
    refuseVersion(this.name, options);
    return await Netcdf3Manifest.open(url, origin, options);
  },
};
