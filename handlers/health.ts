/** `/-/health` and `/-/ready`: whether the process lives, and whether it takes requests. */

import { responseWith } from "../src/http/headers.ts";
import type { GatewayContext } from "./context.ts";

/** Always 200 while the process answers. */
export function health(): Response {
  return status(200, "ok");
}

/** 200 while requests are taken, 503 while the server is going down. */
export function ready(context: GatewayContext): Response {
  return context.ready() ? status(200, "ready") : status(503, "stopping");
}

function status(code: number, text: string): Response {
  return responseWith(
    JSON.stringify({ status: text }),
    [["content-type", "application/json"], ["cache-control", "no-store"]],
    code,
  );
}
