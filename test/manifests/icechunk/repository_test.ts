/** Repositories of both specification versions as the reference library wrote them. */

import * as flexbuffers from "flatbuffers/js/flexbuffers.js";
import assert from "node:assert/strict";
import zlib from "node:zlib";
import { Flatbuffer } from "../../../manifests/icechunk/flatbuffer.ts";
import type { ChunkRef } from "../../../src/chunk/ref.ts";
import {
  fixture,
  fixtureFiles,
  manyRef,
  MemoryOrigin,
  open,
  REPO_URL,
  type Told,
} from "./fixture.ts";

/** Every coordinate tried on an array, in and beyond its grid. */
const TRIED: Record<string, number[][]> = {
  scalar: [[], [0]],
  empty: [[0, 0], [0, 1]],
  grid: Array.from({ length: 36 }, (_, i) => [Math.floor(i / 6), i % 6]),
};

function expected(told: Told | undefined, files: Map<string, Uint8Array>): unknown {
  if (!told) return undefined;
  if (told.inline) return { kind: "inline", bytes: new TextEncoder().encode(told.text) };
  if (told.text !== undefined) {
    const [name] = [...files].find(([, bytes]) => new TextDecoder().decode(bytes) === told.text)!;
    const url = `${REPO_URL.href}/${name}`;
    return { kind: "range", url, offset: 0, length: told.text.length, immutable: true };
  }
  const { location, offset, length, etagChecksum, lastModified } = told;
  const validator = etagChecksum
    ? { etag: `"${etagChecksum.replaceAll('"', "")}"` }
    : lastModified
    ? { lastModified }
    : undefined;
  return { kind: "range", url: location, offset, length, ...(validator ? { validator } : {}) };
}

const plain = (ref: ChunkRef | undefined) => {
  if (!ref || !("file" in ref)) return ref;
  const { file: { url, ...state }, ...place } = ref;
  return { ...place, url: url.href, ...state };
};

for (const spec of [1, 2] as const) {
  const told = fixture(spec);
  const files = fixtureFiles(spec);

  for (const version of [undefined, "main", "v1.0", "dev it", told.main, told["v1.0"]]) {
    Deno.test(`version ${spec}: ${version ?? "the default branch"} has the chunks that were written`, async () => {
      const manifest = await open(new MemoryOrigin(files), { version });
      const snapshot = told[version as "main"] ?? version ?? told.main;
      assert.equal(manifest.version, snapshot);
      assert.equal(manifest.pinned, ![undefined, "main", "dev it"].includes(version));
      const chunks = told.versions[snapshot];
      for (const [path, tried] of Object.entries(TRIED)) {
        for (const coords of tried) {
          assert.deepEqual(
            plain(await manifest.chunk(path, coords)),
            expected(chunks[`${path} ${coords}`], files),
            `${path} ${coords}`,
          );
        }
      }
      for (let i = 0; i < 1000; i++) {
        const { location, ...range } = manyRef(i);
        assert.deepEqual(plain(await manifest.chunk("g/sub/many", [i])), {
          kind: "range",
          url: location,
          ...range,
        });
      }
      for (const odd of [[1000], [-1], [0.5], [NaN], [], [0, 0], [2 ** 32]]) {
        assert.equal(await manifest.chunk("g/sub/many", odd), undefined);
      }
    });
  }

  Deno.test(`version ${spec}: the hierarchy, with documents byte for byte`, async () => {
    const manifest = await open(new MemoryOrigin(files), { version: "v1.0" });
    assert.deepEqual(await manifest.children(""), [
      "empty",
      "g",
      "g-b",
      "grid",
      "relative",
      "scalar",
    ]);
    assert.deepEqual(await manifest.children("g"), ["sub"]);
    assert.deepEqual(await manifest.children("g-b"), []);
    assert.deepEqual(await manifest.children("grid"), []);
    const root = await manifest.node("");
    assert.equal(root?.type, "group");
    assert.deepEqual(root?.metadata.attributes, { title: "fixture" });
    const grid = await manifest.node("grid");
    assert.ok(grid?.type === "array" && grid.source?.zarrFormat === 3);
    assert.deepEqual(grid.metadata.shape, [6, 7]);
    const written = JSON.parse(new TextDecoder().decode(grid.source.zarrJson));
    assert.deepEqual(written.codecs[1].name, "numcodecs.zlib");
    for (const absent of ["nope", "g/su", "g/sub/many/x", "/", "grid/"]) {
      assert.equal(await manifest.node(absent), undefined, absent);
      assert.equal(await manifest.chunk(absent, [0]), undefined, absent);
    }
  });

  Deno.test(`version ${spec}: a tip without a deleted array, chunk and row`, async () => {
    const manifest = await open(new MemoryOrigin(files));
    assert.equal(await manifest.node("scalar"), undefined);
    assert.deepEqual(await manifest.children(""), ["empty", "g", "g-b", "grid", "relative"]);
    const grid = await manifest.node("grid");
    assert.deepEqual(grid?.type === "array" && grid.metadata.shape, [4, 9]);
  });

  Deno.test(`version ${spec}: refs() gives every row once, and no row beyond the grid`, async () => {
    const origin = new MemoryOrigin(files);
    for (const version of ["v1.0", "main"] as const) {
      const manifest = await open(origin, { version });
      const found = new Map<string, unknown>();
      for await (const table of manifest.refs("grid")) {
        for (let row = 0; row < table.rows; row++) {
          const coords = table.coords.subarray(2 * row, 2 * row + 2);
          const url = table.urls[table.urlIds[row]];
          const validator = table.validator?.(row);
          found.set(
            `grid ${coords}`,
            table.kinds[row] === 1
              ? { kind: "inline", bytes: new Uint8Array(table.inline!(row)) }
              : {
                kind: "range",
                url,
                offset: table.offsets[row],
                length: table.lengths[row],
                ...(url.startsWith(REPO_URL.href) ? { immutable: true } : {}),
                ...(validator ? { validator } : {}),
              },
          );
        }
      }
      const chunks = Object.entries(told.versions[told[version]])
        .filter(([key]) => key.startsWith("grid "));
      assert.deepEqual(
        found,
        new Map(
          chunks.map(([key, what]) => [key, expected(what, files)] as const)
            .sort(([a], [b]) => a < b ? -1 : 1),
        ),
      );
      const none = [];
      for await (const table of manifest.refs("empty")) none.push(table);
      for await (const table of manifest.refs("g")) none.push(table);
      assert.deepEqual(none, []);
    }
  });

  Deno.test(`version ${spec}: branches, tags and history, deleted tags not among them`, async () => {
    const origin = new MemoryOrigin(files);
    const all = await (await open(origin)).versions!();
    const names = all.filter(({ kind }) => kind !== "snapshot").map(({ kind, name, snapshot }) =>
      `${kind} ${name} ${snapshot}`
    );
    assert.deepEqual(
      names,
      spec === 1
        ? [`branch main ${told.main}`] // nothing can be listed
        : [
          `branch dev it ${told["dev it"]}`,
          `branch main ${told.main}`,
          `tag v1.0 ${told["v1.0"]}`,
        ],
    );
    const history = all.filter(({ kind }) => kind === "snapshot");
    assert.deepEqual(history.map(({ message }) => message), [
      "second, ünï",
      "first",
      "Repository initialized",
    ]);
    assert.deepEqual(history.slice(0, 2).map(({ name }) => name), [told.main, told["v1.0"]]);
    for (const { time } of history) assert.ok(time! > Date.UTC(2025) && time! < Date.UTC(2100));
  });

  Deno.test(`version ${spec}: the report counts references, and containers have the prefix that would allow them`, async () => {
    const manifest = await open(new MemoryOrigin(files));
    const facts = new Map(await manifest.report!());
    assert.equal(facts.get("format"), `Icechunk, specification version ${spec}`);
    assert.equal(facts.get("branch"), "main");
    const prefix = "https://data.example.org/archive/";
    assert.ok((await manifest.containers!()).some((container) => container.prefix === prefix));
    const counts = [...facts].filter(([name]) => name.startsWith("manifest "));
    assert.deepEqual(counts.map(([, text]) => text.split(" ")[0]).sort(), ["1", "1000", "5"]);
  });
}

Deno.test("version 1: a listing names all branches and tags but the deleted", async () => {
  const told = fixture(1);
  const files = fixtureFiles(1);
  const origin = Object.assign(new MemoryOrigin(files), {
    list: () => {
      const names = [...files.keys()].filter((name) => name.startsWith("refs/"));
      const folders = new Set(names.map((name) => name.split("/")[1]));
      return Promise.resolve([...folders].map((name) => ({ name, kind: "folder" as const })));
    },
  });
  const named = (await (await open(origin)).versions!()).filter(({ kind }) => kind !== "snapshot");
  assert.deepEqual(named.map(({ kind, name, snapshot }) => [kind, name, snapshot]), [
    ["branch", "dev it", told["dev it"]],
    ["branch", "main", told.main],
    ["tag", "v1.0", told["v1.0"]],
  ]);
});

/** The repository with its one container named `nc`, which the library's JavaScript side cannot do. */
function withNamedContainer(spec: 1 | 2): Map<string, Uint8Array<ArrayBuffer>> {
  const files = fixtureFiles(spec);
  if (spec === 1) {
    const config = new TextDecoder().decode(files.get("config.yaml"));
    files.set("config.yaml", new TextEncoder().encode(config.replace("name: null", "name: nc")));
    return files;
  }
  const config = flexbuffers.encode({
    virtual_chunk_containers: {
      any: { name: "nc", url_prefix: "https://data.example.org/archive/", store: { http: {} } },
    },
  });
  const packed = files.get("repo")!;
  const body = zlib.zstdDecompressSync(packed.subarray(39));
  const buffer = new Flatbuffer(body);
  const field = buffer.field(buffer.root(), 9);
  const place = Math.ceil(body.length / 4) * 4;
  buffer.view.setUint32(field, place - field, true);
  const longer = new Uint8Array(place + 4 + config.length);
  longer.set(body);
  new DataView(longer.buffer).setUint32(place, config.length, true);
  longer.set(config, place + 4);
  files.set("repo", new Uint8Array([...packed.subarray(0, 38), 0, ...longer]));
  return files;
}

for (const spec of [1, 2] as const) {
  Deno.test(`version ${spec}: a location below a container needs a container of that name`, async () => {
    const named = await open(new MemoryOrigin(withNamedContainer(spec)));
    assert.deepEqual(plain(await named.chunk("relative", [0])), {
      kind: "range",
      url: "https://data.example.org/archive/sub/x.nc",
      offset: 1,
      length: 2,
    });
    const without = fixtureFiles(spec);
    const unnamed = await open(new MemoryOrigin(without));
    await assert.rejects(unnamed.chunk("relative", [0]), { code: "index-invalid" });
    without.delete("config.yaml");
    if (spec === 1) {
      const bare = await open(new MemoryOrigin(without));
      await assert.rejects(bare.chunk("relative", [0]), { code: "index-invalid" });
    }
  });
}

Deno.test("a lookup costs the version, the snapshot and the one manifest, each once", async () => {
  for (const spec of [1, 2] as const) {
    const origin = new MemoryOrigin(fixtureFiles(spec));
    const manifest = await open(origin);
    await Promise.all(Array.from({ length: 20 }, (_, i) => manifest.chunk("g/sub/many", [i])));
    await manifest.node("grid");
    await manifest.children("");
    assert.deepEqual(
      origin.asked.map((name) => name.split("/")[0]),
      spec === 1 ? ["repo", "refs", "snapshots", "manifests"] : ["repo", "snapshots", "manifests"],
    );
  }
});

Deno.test("a signal ends the waiting for a chunk, and not the read, which others wait for", async () => {
  const origin = new MemoryOrigin(fixtureFiles(2));
  const manifest = await open(origin);
  const leaving = new AbortController();
  const left = manifest.chunk("g/sub/many", [1], leaving.signal);
  const waiting = manifest.chunk("g/sub/many", [2]);
  leaving.abort();
  await assert.rejects(left, { code: "origin-unavailable" });
  assert.equal((await waiting)?.kind, "range");
  assert.equal(origin.asked.filter((name) => name.startsWith("manifests/")).length, 1);
});
