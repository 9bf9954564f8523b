/**
 * `deno task test:peers`: installs the real clients where they are not yet (test/peers/setup), then
 * runs every `*_peers.ts` below test/peers. Exits non-zero unless all pass.
 */

import { peersFile, peersReady } from "./peer_root.ts";

if (!peersReady()) {
  const setup = await new Deno.Command(peersFile("setup"), { stdin: "null" }).spawn().status;
  if (!setup.success) {
    console.error("The peers cannot be installed: see test/peers/setup");
    Deno.exit(1);
  }
}

/** Test files below `folder`, sorted. */
function testFiles(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap((entry) =>
    entry.isDirectory
      ? testFiles(`${folder}/${entry.name}`)
      : entry.name.endsWith("_peers.ts")
      ? [`${folder}/${entry.name}`]
      : []
  ).sort();
}

const asked = Deno.args.filter((arg) => !arg.startsWith("-"));
const files = testFiles(peersFile(".").replace(/\/$/, ""))
  .filter((file) => asked.length === 0 || asked.some((part) => file.includes(part)));
let passed = 0;
let failed = 0;
for (const file of files) {
  const test = new Deno.Command(Deno.execPath(), {
    args: ["test", "-A", file, ...Deno.args.filter((arg) => arg.startsWith("-"))],
    cwd: peersFile("../.."),
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let tail = "";
  for await (const chunk of test.stdout) {
    await Deno.stdout.write(chunk);
    tail = (tail + new TextDecoder().decode(chunk)).slice(-4000);
  }
  const { success } = await test.status;
  const totals = /(\d+) passed(?: \([^)]*\))? \| (\d+) failed/.exec(tail);
  passed += Number(totals?.[1] ?? 0);
  failed += Number(totals?.[2] ?? 0);
  // A file that does not compile, or that ends without its totals, has failed too.
  if (!success && Number(totals?.[2] ?? 0) === 0) failed++;
}
console.log(`${passed} passed, ${failed} failed`);
Deno.exit(failed > 0 || passed === 0 ? 1 : 0);
