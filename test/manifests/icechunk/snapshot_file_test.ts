/** Snapshot and repo files built by hand: nodes in any order, and what no writer would write. */

import assert from "node:assert/strict";
import { RepoFile } from "../../../manifests/icechunk/repo_file.ts";
import { SnapshotFile } from "../../../manifests/icechunk/snapshot_file.ts";
import { repoOfDeletedTags, snapshot } from "./build_snapshot.ts";

Deno.test("nodes are found and listed in whatever order they are written", async () => {
  const paths = ["/", "/a", "/a/b", "/a/b/c", "/a-b", "/a.b", "/ünï", "/z"];
  for (let turn = 0; turn < paths.length; turn++) {
    const order = paths.map((_, i) => (i * 5 + turn) % paths.length);
    const file = await SnapshotFile.read(snapshot(paths, order));
    assert.deepEqual(await file.children(""), ["a", "a-b", "a.b", "z", "ünï"]);
    assert.deepEqual(await file.children("a"), ["b"]);
    assert.deepEqual(await file.children("a/b/c"), []);
    for (const path of paths) assert.equal((await file.node(path.slice(1)))?.type, "group");
    for (const path of ["b", "a/", "a/b/d", "zz"]) assert.equal(await file.node(path), undefined);
  }
});

Deno.test("thousands of nodes in reverse order are sorted", async () => {
  const paths = Array.from({ length: 5000 }, (_, i) => `/n${String(i).padStart(5, "0")}`);
  const file = await SnapshotFile.read(snapshot(["/", ...paths].reverse()));
  assert.deepEqual(await file.children(""), paths.map((path) => path.slice(1)));
});

Deno.test("a snapshot whose slots share nodes with long paths is refused before they are sorted", async () => {
  const long = ["b", "a"].map((last) => `/${`${"x".repeat(1000)}/`.repeat(60)}${last}`);
  const slots = Array.from({ length: 50_000 }, (_, i) => i % 2);
  await assert.rejects(SnapshotFile.read(snapshot(long, slots)), {
    code: "index-invalid",
    message: /share their bytes/,
  });
  await assert.rejects(SnapshotFile.read(snapshot(["/", "/a"], [0, 1, 1])), {
    code: "index-invalid",
    message: /listed twice/,
  });
});

Deno.test("a repo file whose deleted tags share their bytes is refused", async () => {
  assert.equal((await RepoFile.read(repoOfDeletedTags("gone", 1))).tag("gone"), undefined);
  await assert.rejects(RepoFile.read(repoOfDeletedTags("x".repeat(4000), 60_000)), {
    code: "index-invalid",
    message: /share their bytes/,
  });
});

const REFUSED: Array<[what: string, path: string, code: string]> = [
  ["an empty segment", "/a//b", "index-invalid"],
  ["a slash at its end", "/a/", "index-invalid"],
  ["two slashes before it", "//", "index-invalid"],
  ["no slash before it", "a", "index-invalid"],
  ["a segment .", "/a/./b", "index-invalid"],
  ["a segment ..", "/../b", "index-invalid"],
  ["65 segments", "/a".repeat(65), "index-too-large"],
  ["a name of 2,000 characters", `/${"n".repeat(2000)}`, "index-too-large"],
];

for (const [what, path, code] of REFUSED) {
  Deno.test(`a node's path with ${what} is refused`, async () => {
    await assert.rejects(SnapshotFile.read(snapshot(["/", path])), { code });
  });
}

Deno.test("paths of 64 segments and names of dots are nodes", async () => {
  const paths = ["/", "/...", "/.a", `${"/a".repeat(64)}`];
  const file = await SnapshotFile.read(snapshot(paths));
  for (const path of paths) assert.equal((await file.node(path.slice(1)))?.type, "group");
});
