/** Where version 1 keeps its names: paths as the reference library has written them. */

import assert from "node:assert/strict";
import { refOfFolder, refPaths } from "../../../manifests/icechunk/ref_path.ts";
import { fixture, fixtureFiles, MemoryOrigin, open } from "./fixture.ts";

/** Names, and the folders that the library (2.2.2) made for them on a local disk. */
const WRITTEN: ReadonlyArray<readonly [name: string, folder: string]> = [
  ["main", "main"],
  ["first release é", "first release %C3%A9"],
  ["50% x", "50%25 x"],
  ["x.y~z", "x.y%7Ez"],
  ["a:b?c#d*e", "a:b%3Fc%23d%2Ae"],
  ["a+b", "a+b"],
  ["海 🧊", "%E6%B5%B7 %F0%9F%A7%8A"],
  ["c3%A9", "c3%25A9"],
];

Deno.test("a name is looked for as it is, then as object_store escapes it", () => {
  for (const [name, folder] of WRITTEN) {
    const paths = [name, folder].map((at) => `refs/tag.${encodeURIComponent(at)}/ref.json`);
    assert.deepEqual(refPaths("tag", name), [...new Set(paths)]);
    assert.deepEqual(refOfFolder(`tag.${folder}`), { kind: "tag", name });
  }
});

Deno.test("a folder that object_store cannot have written keeps its name", () => {
  for (const name of ["é", "100%", "a%2", "x%zz", "%c3%a9", "a%20b", "~"]) {
    assert.deepEqual(refOfFolder(`branch.${name}`), { kind: "branch", name });
  }
  for (const folder of ["main", "tag.", "note.main", ".tag.x"]) {
    assert.equal(refOfFolder(folder), undefined);
  }
});

Deno.test("version 1: tags, tombstones and branches are found in escaped folders", async () => {
  const told = fixture(1);
  const json = (snapshot: string) => new TextEncoder().encode(JSON.stringify({ snapshot }));
  for (const [name, folder] of WRITTEN.slice(1)) {
    const origin = new MemoryOrigin(fixtureFiles(1));
    origin.put(`refs/tag.${folder}/ref.json`, json(told["v1.0"]));
    const tag = await open(origin, { version: name });
    assert.equal(tag.version, told["v1.0"], name);
    assert.equal(tag.pinned, true);
    // Deleted: the name is free for a branch, and the branch moves.
    origin.put(`refs/tag.${folder}/ref.json.deleted`, new Uint8Array(0));
    await assert.rejects(open(origin, { version: name }), { code: "not-found" });
    origin.put(`refs/branch.${folder}/ref.json`, json(told.main));
    const branch = await open(origin, { version: name });
    assert.equal(branch.version, told.main);
    assert.equal(branch.pinned, false);
    origin.put(`refs/branch.${folder}/ref.json`, json(told["v1.0"]));
    assert.equal((await branch.refresh()).version, told["v1.0"]);
    assert.equal((await open(origin, { branch: name })).version, told["v1.0"]);
  }
});
