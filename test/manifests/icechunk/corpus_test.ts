/** The repositories of Icechunk's own tests, where the corpus is present. Vectors: FORMATS §3.7. */

import assert from "node:assert/strict";
import { ByteCache } from "../../../src/byte_cache.ts";
import { filesOf, MemoryOrigin, open } from "./fixture.ts";

const CORPUS = new URL("../../../../shared/corpus/icechunk/", import.meta.url);
const ignore = !(() => {
  try {
    return Deno.statSync(CORPUS).isDirectory;
  } catch {
    return false;
  }
})();

const corpus = (name: string, run: (origin: MemoryOrigin) => Promise<void>) => (repo: string) =>
  Deno.test({
    name: `${repo} ${name}`,
    ignore,
    fn: () => run(new MemoryOrigin(filesOf(new URL(`${repo}/`, CORPUS)))),
  });

const plain = (ref: unknown) => JSON.parse(JSON.stringify(ref ?? null));

const VERSIONS: Record<string, Array<[version: string | undefined, snapshot: string]>> = {
  "test-repo-v1": [
    [undefined, "NXH3M0HJ7EEJ0699DPP0"],
    ["my-branch", "XDZ162T1TYBEJMK99NPG"],
    ["it works!", "4QF8JA0YPDN51MHSSYVG"],
    ["it also works!", "XDZ162T1TYBEJMK99NPG"],
    ["7XAF0Q905SH4938DN9CG", "7XAF0Q905SH4938DN9CG"],
  ],
  "test-repo-v2": [
    [undefined, "2768FV3XW5ZXYM84XNNG"],
    ["my-branch", "H7T8YA6KR5TH32F3PS10"],
    ["it works!", "QTP2RTYS5YQW8RPSQ93G"],
    ["it also works!", "H7T8YA6KR5TH32F3PS10"],
    ["1CECHNKREP0F1RSTCMT0", "1CECHNKREP0F1RSTCMT0"],
  ],
};

for (const repo of Object.keys(VERSIONS)) {
  corpus("has the versions it is known to have", async (origin) => {
    for (const [version, snapshot] of VERSIONS[repo]) {
      assert.equal((await open(origin, { version })).version, snapshot);
    }
    await assert.rejects(open(origin, { version: "deleted" }), { code: "not-found" });
  })(repo);

  corpus("has virtual, native and inline chunks at the tip of main", async (origin) => {
    const manifest = await open(origin, { cache: new ByteCache(1 << 20) });
    assert.deepEqual(plain(await manifest.chunk("group1/big_chunks", [0, 0])), {
      kind: "range",
      file: {
        url: "s3://testbucket/can_read_old/chunk-1",
        validator: { lastModified: 4294111232 },
      },
      offset: 0,
      length: 19,
    });
    const native = plain(await manifest.chunk("group1/big_chunks", [0, 1]));
    const chunk = repo === "test-repo-v1" ? "DWQ75SDC624XF9H326RG" : "S7RX4P9PYQ67530ZW0V0";
    assert.ok(native.file.url.endsWith(`/chunks/${chunk}`), native.file.url);
    assert.deepEqual([native.offset, native.length, native.file.immutable], [0, 19, true]);
    const inline = await manifest.chunk("group1/small_chunks", [4]);
    assert.equal(inline?.kind === "inline" && inline.bytes.toHex(), "28b52ffd200109000054");
    assert.equal(await manifest.chunk("group1/big_chunks", [2, 0]), undefined);
    const node = await manifest.node("group1/big_chunks");
    assert.ok(node?.type === "array");
    assert.deepEqual([node.metadata.shape, node.metadata.fill_value], [[10, 10], "NaN"]);
  })(repo);

  corpus("lost one small chunk in the tag, and gained a group in the branch", async (origin) => {
    const tag = await open(origin, { version: "it works!" });
    assert.equal(await tag.chunk("group1/small_chunks", [4]), undefined);
    assert.equal((await tag.chunk("group1/small_chunks", [3]))?.kind, "inline");
    assert.deepEqual(await tag.children(""), ["group1"]);
    const branch = await open(origin, { version: "my-branch" });
    assert.deepEqual(await branch.children(""), ["group1", "group2"]);
  })(repo);
}
