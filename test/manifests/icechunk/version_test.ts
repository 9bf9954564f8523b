/** From a version's name to its snapshot, and again when a branch moves. */

import assert from "node:assert/strict";
import zlib from "node:zlib";
import { Flatbuffer } from "../../../manifests/icechunk/flatbuffer.ts";
import { ByteCache } from "../../../src/byte_cache.ts";
import { OriginError, SluiceError } from "../../../src/errors.ts";
import { fixture, fixtureFiles, MemoryOrigin, open } from "./fixture.ts";

const encoder = new TextEncoder();
const refJson = (snapshot: string) => encoder.encode(JSON.stringify({ snapshot }));

async function rejects(opening: Promise<unknown>, code: string): Promise<SluiceError> {
  let fault: unknown;
  await assert.rejects(opening, (error) => {
    fault = error;
    return error instanceof SluiceError && error.code === code;
  });
  return fault as SluiceError;
}

for (const spec of [1, 2] as const) {
  const told = fixture(spec);

  Deno.test(`version ${spec}: unknown and deleted names do not exist`, async () => {
    const origin = new MemoryOrigin(fixtureFiles(spec));
    for (
      const version of ["gone", "nope", "", "Main", "a/b", "../refs", "\ud800", "0".repeat(20)]
    ) {
      await rejects(open(origin, { version }), "not-found");
    }
    await rejects(open(origin, { version: told.main.toLowerCase() }), "not-found");
  });

  Deno.test(`version ${spec}: the catalog's branch is the default, and need not exist`, async () => {
    const origin = new MemoryOrigin(fixtureFiles(spec));
    assert.equal((await open(origin, { branch: "dev it" })).version, told["dev it"]);
    assert.equal((await open(origin, { branch: "dev it", version: "main" })).version, told.main);
    // A 404 would make clients fill every chunk of a dataset that is only set up wrongly.
    await rejects(open(origin, { branch: "v1.0" }), "index-invalid");
  });

  Deno.test(`version ${spec}: refresh() is one conditional read, and the same manifest if nothing moved`, async () => {
    const origin = new MemoryOrigin(fixtureFiles(spec));
    const manifest = await open(origin);
    origin.asked.length = 0;
    assert.equal(await manifest.refresh(), manifest);
    const name = spec === 1 ? "refs/branch.main/ref.json" : "repo";
    assert.deepEqual(origin.asked, [`${name} (unchanged)`]);
    // Rewritten, with this branch where it was.
    origin.put(name, origin.files.get(name)!);
    origin.asked.length = 0;
    assert.equal(await manifest.refresh(), manifest);
    assert.equal(await manifest.refresh(), manifest);
    assert.deepEqual(origin.asked, [name, `${name} (unchanged)`]);
  });

  Deno.test(`version ${spec}: a tag or snapshot is never looked up again`, async () => {
    const origin = new MemoryOrigin(fixtureFiles(spec));
    for (const version of ["v1.0", told["v1.0"]]) {
      const manifest = await open(origin, { version });
      origin.asked.length = 0;
      assert.equal(await manifest.refresh(), manifest);
      assert.deepEqual(origin.asked, []);
    }
  });
}

Deno.test("where there is nothing there is no repository, which is not 404", async () => {
  for (const version of [undefined, "main", "v1.0", fixture(1).main]) {
    await rejects(open(new MemoryOrigin(new Map()), { version }), "index-invalid");
  }
});

Deno.test("version 1: a moved branch opens another manifest, and the old one stays as it was", async () => {
  const told = fixture(1);
  const origin = new MemoryOrigin(fixtureFiles(1));
  const cache = new ByteCache(1 << 26);
  const before = await open(origin, { cache });
  origin.put("refs/branch.main/ref.json", refJson(told["v1.0"]));
  const after = await before.refresh();
  assert.equal(after.version, told["v1.0"]);
  assert.equal(before.version, told.main);
  assert.ok(await after.node("scalar"));
  assert.equal(await before.node("scalar"), undefined);
  assert.equal(await before.chunk("grid", [0, 0]), undefined);
  assert.equal((await after.chunk("grid", [0, 0]))?.kind, "inline");
});

/** A `repo` file with its FlatBuffer edited, uncompressed. */
function editedRepo(packed: Uint8Array, edit: (buffer: Flatbuffer) => void) {
  const body = zlib.zstdDecompressSync(packed.subarray(39));
  edit(new Flatbuffer(body));
  const file = new Uint8Array([...packed.subarray(0, 38), 0, ...body]);
  return file;
}

/** Where the `repo` file holds the place of a branch's snapshot. */
function placeField(buffer: Flatbuffer, branch: string): number {
  const [table] = [...buffer.tables(buffer.root(), 2)].filter((table) =>
    buffer.text(buffer.field(table, 0)) === branch
  );
  return buffer.field(table, 1);
}

Deno.test("version 2: a moved branch opens another manifest, and the old one stays as it was", async () => {
  const told = fixture(2);
  const origin = new MemoryOrigin(fixtureFiles(2));
  const before = await open(origin);
  const moved = editedRepo(origin.files.get("repo")!, (buffer) => {
    const place = buffer.u32(placeField(buffer, "dev it"));
    buffer.view.setUint32(placeField(buffer, "main"), place, true);
  });
  origin.put("repo", moved);
  const after = await before.refresh();
  assert.equal(after.version, told["v1.0"]);
  assert.equal(before.version, told.main);
  assert.equal(await before.node("scalar"), undefined);
  assert.ok(await after.node("scalar"));
  assert.equal((await after.chunk("grid", [0, 0]))?.kind, "inline");
  assert.equal(await before.chunk("grid", [0, 0]), undefined);
});

Deno.test("version 2: a branch that leads to no snapshot is an invalid index", async () => {
  const origin = new MemoryOrigin(fixtureFiles(2));
  const astray = editedRepo(origin.files.get("repo")!, (buffer) => {
    buffer.view.setUint32(placeField(buffer, "main"), 1000, true);
  });
  origin.put("repo", astray);
  await rejects(open(origin), "index-invalid");
  await open(origin, { version: "v1.0" });
});

Deno.test("version 2: a repository that is set offline is refused, a read-only one is not", async () => {
  for (const [availability, refused] of [[1, false], [2, true], [3, true]] as const) {
    const origin = new MemoryOrigin(fixtureFiles(2));
    const files = editedRepo(origin.files.get("repo")!, (buffer) => {
      const status = buffer.follow(buffer.field(buffer.root(), 5));
      const vtable = status - buffer.i32(status);
      // The default, online, has no byte of its own: one of the time's takes its place.
      const place = buffer.field(status, 0);
      if (place !== 0) buffer.bytes[place] = availability;
      else {
        const time = buffer.field(status, 1);
        buffer.bytes[time] = availability;
        buffer.view.setUint16(vtable + 4, time - status, true);
      }
    });
    origin.put("repo", files);
    if (!refused) assert.ok(await open(origin));
    else await rejects(open(origin), availability === 2 ? "origin-unavailable" : "index-invalid");
  }
});

Deno.test("version 1: a tag comes before a branch of its name, a deleted tag does not count", async () => {
  const told = fixture(1);
  const origin = new MemoryOrigin(fixtureFiles(1));
  origin.put("refs/branch.v1.0/ref.json", refJson(told.main));
  origin.put("refs/branch.gone/ref.json", refJson(told.main));
  const tag = await open(origin, { version: "v1.0" });
  assert.deepEqual([tag.version, tag.pinned], [told["v1.0"], true]);
  const branch = await open(origin, { version: "gone" });
  assert.deepEqual([branch.version, branch.pinned], [told.main, false]);
});

Deno.test("version 1 moves to version 2 while it is being served", async () => {
  const origin = new MemoryOrigin(fixtureFiles(1));
  const before = await open(origin);
  origin.files.clear();
  for (const [name, bytes] of fixtureFiles(2)) origin.put(name, bytes);
  assert.equal((await before.refresh()).version, fixture(2).main);
});

Deno.test("both a repo file and references: it is version 2", async () => {
  const files = new Map([...fixtureFiles(1), ...fixtureFiles(2)]);
  assert.equal((await open(new MemoryOrigin(files))).version, fixture(2).main);
});

Deno.test("where a missing file is 403, version 1 is found, and what is missing is missing", async () => {
  const told = fixture(1);
  const origin = new MemoryOrigin(fixtureFiles(1));
  origin.missing = 403;
  assert.equal((await open(origin)).version, told.main);
  assert.equal((await open(origin, { version: "v1.0" })).version, told["v1.0"]);
  assert.equal((await open(origin, { version: told["v1.0"] })).version, told["v1.0"]);
  await rejects(open(origin, { version: "gone" }), "not-found");
  await rejects(open(origin, { version: "nope" }), "not-found");
});

Deno.test("where everything is 403, that is the answer, not that there is no such version", async () => {
  const origin = new MemoryOrigin(new Map());
  origin.missing = 403;
  for (const version of [undefined, "nope"]) {
    const fault = await rejects(open(origin, { version }), "reference-unreachable");
    assert.ok(fault instanceof OriginError && fault.context.originStatus === 403);
  }
});

Deno.test("a failing origin is never an unknown version", async () => {
  const origin = new MemoryOrigin(new Map());
  origin.missing = 503;
  await rejects(open(origin), "reference-unreachable");
  const listed = new MemoryOrigin(fixtureFiles(1));
  const read = listed.read.bind(listed);
  listed.read = (file, range, options) => {
    if (file.url.href.includes("tag.")) listed.missing = 500;
    return read(file, range, options);
  };
  await rejects(open(listed, { version: "nope" }), "reference-unreachable");
});

Deno.test("a reference that is not JSON, or names no snapshot, is an invalid index", async () => {
  for (
    const text of ["", "{", "[]", '{"snapshot":1}', '{"snapshot":"../../x"}', '{"snapshot":""}']
  ) {
    const origin = new MemoryOrigin(fixtureFiles(1));
    origin.put("refs/branch.main/ref.json", encoder.encode(text));
    await rejects(open(origin), "index-invalid");
  }
});

Deno.test("a branch that leads to a snapshot that is gone is unreachable, not unknown", async () => {
  for (const spec of [1, 2] as const) {
    const files = fixtureFiles(spec);
    files.delete(`snapshots/${fixture(spec).main}`);
    await rejects(open(new MemoryOrigin(files)), "reference-unreachable");
  }
});

Deno.test("version 2: names that do not exist cost one read of repo until the next look; those that do are read anew", async () => {
  const origin = new MemoryOrigin(fixtureFiles(2));
  const cache = new ByteCache(1 << 26);
  const names = Array.from({ length: 50 }, (_, i) => `nothing-${i}`);
  await Promise.all(
    names.map((version) => rejects(open(origin, { cache, look: 1, version }), "not-found")),
  );
  for (const version of names) {
    await rejects(open(origin, { cache, look: 1, version }), "not-found");
  }
  assert.deepEqual(origin.asked, ["repo"]);
  await open(origin, { cache, look: 1, version: "v1.0" });
  assert.deepEqual(origin.asked.filter((name) => name === "repo").length, 2);
  await rejects(open(origin, { cache, look: 2, version: "nothing-0" }), "not-found");
  assert.deepEqual(origin.asked.filter((name) => name === "repo").length, 3);
});
