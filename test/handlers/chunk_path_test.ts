import assert from "node:assert/strict";
import { Session } from "node:inspector/promises";
import { startGateway } from "./gateway.ts";

const ROOT = new URL("../../", import.meta.url);

/** The program's modules of which a function runs during `work`, by their paths below the root. */
async function modulesOf(work: () => Promise<unknown>): Promise<string[]> {
  const session = new Session();
  session.connect();
  try {
    await session.post("Profiler.enable");
    await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: false });
    await session.post("Profiler.takePreciseCoverage");
    await work();
    const { result } = await session.post("Profiler.takePreciseCoverage");
    return result
      .filter(({ functions }) =>
        functions.some(({ functionName, ranges }) => functionName !== "" && ranges[0].count > 0)
      )
      .map(({ url }) => url.startsWith(ROOT.href) ? url.slice(ROOT.href.length) : "")
      .filter((path) => /^(deploy|handlers|manifests|src)\//.test(path));
  } finally {
    session.disconnect();
  }
}

Deno.test("CONTRIBUTING names the modules that the GET of one chunk passes, and no others", async () => {
  const guide = await Deno.readTextFile(new URL("CONTRIBUTING.md", ROOT));
  const told = /## The way of one chunk\n([\s\S]*?)\n## /.exec(guide)![1];
  const named = [...told.matchAll(/`([\w/]+\.ts)`/g)].map((match) => match[1]);
  const count = Number(/\*\*(\d+) modules\*\*/.exec(told)![1]);

  await using gateway = await startGateway();
  const get = async (chunk: number) => {
    const response = await gateway.fetch(`/set/deflated/c/${chunk}`);
    assert.equal(response.status, 200);
    await response.bytes();
  };
  for (const chunk of [0, 1]) await get(chunk);
  const passed = await modulesOf(() => get(2));
  assert.deepEqual(passed.toSorted(), named.toSorted());
  assert.equal(count, passed.length);
});
