import assert from "node:assert/strict";
import { jsonLog } from "../../src/log.ts";

Deno.test("a log that cannot be written, or an event that cannot be told, changes nothing", () => {
  const full = jsonLog(() => {
    throw new Error("No space left on device");
  });
  full("fault", { dataset: "set" }, new Error("gone"));
  const lines: string[] = [];
  const log = jsonLog((line) => lines.push(line));
  const circle: Record<string, unknown> = {};
  circle.circle = circle;
  log("fault", circle);
  log("next", {});
  assert.equal(JSON.parse(lines[0]).event, "next");
});
