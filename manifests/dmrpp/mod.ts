/**
 * DMR++ documents, OPeNDAP's indexes of HDF5, NetCDF-4 and HDF4 files. Source: modules/dmrpp_module of
 * OPENDAP/bes, whose parser is the specification.
 */

import { memoryFormat } from "../memory_manifest.ts";
import { DAP_NAMESPACE, readDocument } from "./document.ts";

/** `dmrpp`: XML whose elements are of DAP4's namespace. */
export const dmrpp = memoryFormat({
  name: "dmrpp",
  named: (url) => /\.dmrpp(?:\.gz|\.zst)?$/i.test(url.pathname),
  sniff: ({ head }) => new TextDecoder().decode(head).includes(DAP_NAMESPACE),
  read: (content, url, { maxIndexBytes }) => readDocument(content, url, maxIndexBytes),
});
