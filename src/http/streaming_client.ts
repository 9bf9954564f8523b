/**
 * GDAL streams chunks behind `/vsicurl/`, and there takes every status but 200, and a connection that
 * breaks before its first byte was read, for a chunk that was never written: it fills (seen with
 * 3.13.3, test/peers/faults_peers.ts). What it does report is a body that breaks off some time after
 * its first byte. So to GDAL alone, and for chunks alone, a fault is answered with such a body.
 */

import { responseWith } from "./headers.ts";

/** The last part of a chunk's key, in any encoding: `0`, `c`, `0.1`, `c.0.1`. */
const CHUNK_PART = /(^|\/)(c|(c\.)?\d+(\.\d+)*)$/;

/** Milliseconds between the first byte and the break: time for the byte to be read on its own. */
const BREAK_AFTER_MS = 250;

/** Bytes that a body promises which ends after one. */
const PROMISED_BYTES = 1 << 20;

/** Whether a request is GDAL's, unless its user gave it another name. */
export function isGdal(request: Request): boolean {
  return (request.headers.get("user-agent") ?? "").startsWith("GDAL/");
}

/** Whether a request is one of GDAL's that reads a failure as an absent chunk. */
export function fillsOnFailure(request: Request): boolean {
  return request.method === "GET" && !request.headers.has("range") &&
    isGdal(request);
}

export function isChunkKey(key: string | undefined): boolean {
  return key !== undefined && CHUNK_PART.test(key);
}

/** `problem` as a 200 whose body breaks off. It is not cached: `no-store`, and never complete. */
export async function brokenBody(problem: Response): Promise<Response> {
  await problem.body?.cancel();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(new Uint8Array(1));
      timer = setTimeout(() => {
        controller.error(new TypeError("The chunk cannot be read; this body breaks off"));
      }, BREAK_AFTER_MS);
    },
    cancel: () => clearTimeout(timer),
  });
  return responseWith(body, [
    ["content-type", "application/octet-stream"],
    ["content-length", String(PROMISED_BYTES)],
    ["cache-control", "no-store"],
  ]);
}
