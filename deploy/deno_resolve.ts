/** Names as the system resolves them on Deno, `/etc/hosts` included. */

import { lookup } from "node:dns/promises";

/** The addresses of `hostname`; undefined where the process has no permission to look names up. */
export async function denoResolve(hostname: string): Promise<string[] | undefined> {
  try {
    return (await lookup(hostname, { all: true })).map(({ address }) => address);
  } catch (fault) {
    // granted for single ports only (`--allow-net=host:443`): Deno's own refusals count after DNS
    if ((fault as { code?: string }).code === "EPERM") return undefined;
    throw fault;
  }
}
