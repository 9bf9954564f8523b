/**
 * Reads a URL in a process whose permissions deny what its name resolves to; prints the fault's code.
 * Run by faults_test.ts.
 */

import { OriginError } from "../../../src/errors.ts";
import { originsFor } from "../../../src/origin/mod.ts";

const [url] = Deno.args;
const origin = originsFor({ concurrentPerOrigin: 1, requestTimeoutMs: 5000 })([url]);
try {
  const body = await origin.read({ url: new URL(url) }, undefined);
  console.log(`${body.length} bytes`);
} catch (fault) {
  console.log(fault instanceof OriginError ? fault.code : fault);
}
