/** The `version` option for formats that have no versions. */

import { SluiceError } from "../src/errors.ts";
import type { OpenOptions } from "../src/manifest.ts";

/**
 * Lets an index be opened only as it is now.
 *
 * @throws SluiceError `not-found` if a version or a branch is asked for
 */
export function refuseVersion(format: string, { version, branch }: OpenOptions): void {
  const asked = version ?? branch;
  if (asked === undefined) return;
  throw new SluiceError("not-found", `There is no version "${asked}": ${format} has no versions`);
}
