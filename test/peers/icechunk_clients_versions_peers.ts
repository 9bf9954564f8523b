/**
 * What HTTP promises of an Icechunk repository's versions: what may be kept for ever, what is seen after a
 * commit and what that costs, that no answer mixes two commits, which versions the gateway tells.
 *
 * Needs the peers' root: `deno test -A test/peers/icechunk_clients_versions_peers.ts`.
 */

import assert from "node:assert/strict";
import {
  MOVING,
  type ServedRepositories,
  serveRepositories,
  writeRepository,
} from "./icechunk_clients_fixture.ts";
import { peersFile } from "./peer_root.ts";

let world: ServedRepositories;
Deno.test.beforeAll(async () => {
  world = await serveRepositories();
});
Deno.test.afterAll(async () => {
  await world?.close();
});

const IMMUTABLE = /^public, max-age=31536000, immutable/;
const MUTABLE = /^public, max-age=60(,|$)/;

Deno.test("tags and snapshots may be kept for ever, branches for maxAge", async () => {
  for (const { id, spec, http, tag, branch, snapshots } of world.repositories) {
    // References 0 (etag, over HTTP) and 1 (time) know the archive's state, 2 does not.
    const references = world.commits[0].virtual.packed.slice(0, 3).map(({ index }) =>
      ["packed", "c", ...index].join("/")
    );
    const settled = [
      "zarr.json",
      "packed/zarr.json",
      "ocean/deep/zarr.json",
      "loaded/c/0/0/0",
      "y/c/0",
      references[1],
      ...(http ? [references[0]] : []),
    ];
    const open = [references[2], ...(http ? [] : [references[0]])];
    const versions: Array<[version: string | undefined, pinned: boolean]> = [
      [tag, true],
      [snapshots.first, true],
      [snapshots.second, true],
      [branch, false],
      ["main", false],
      [undefined, false],
    ];
    for (const [version, pinned] of versions) {
      const name = version === undefined ? id : `${id}@${encodeURIComponent(version)}`;
      for (const view of ["", "~native"]) {
        for (const key of [...settled, ...open]) {
          const url = `${world.url}/${name}${view}/${key}`;
          for (const method of ["GET", "HEAD"]) {
            const response = await fetch(url, { method });
            await response.body?.cancel();
            assert.equal(response.status, 200, url);
            const caching = response.headers.get("cache-control")!;
            const wanted = pinned && settled.includes(key) ? IMMUTABLE : MUTABLE;
            assert.match(caching, wanted, `${method} ${url}, version ${spec}`);
            assert.ok(response.headers.get("etag")?.startsWith('"'), url);
          }
        }
      }
      // Nothing that failed may be kept.
      for (const key of ["gone/c/1/0", "outside/c/1/0", "changed/c/1/0"]) {
        const response = await fetch(`${world.url}/${name}/${key}`);
        await response.body?.cancel();
        assert.equal(response.status, 502);
        assert.equal(response.headers.get("cache-control"), "no-store");
      }
    }
  }
});

Deno.test("what a container names and the catalog does not is 502, and no one asks there", async () => {
  // It is there to be had: only the catalog stands before it.
  const there = await fetch(`${world.elsewhere.url}data/raw.bin`);
  assert.equal((await there.arrayBuffer()).byteLength, 120);
  world.elsewhere.seen();
  for (const { id } of world.served) {
    for (const view of ["", "~native", "~v2"]) {
      const key = view === "~v2" ? "outside/1.0" : "outside/c/1/0";
      const response = await fetch(`${world.url}/${id}${view}/${key}`);
      const problem = await response.json();
      assert.equal(response.status, 502, `${id}${view}`);
      assert.match(problem.type, /origin-not-allowed$/);
      assert.ok(!JSON.stringify(problem).includes(new URL(world.elsewhere.url).host));
    }
    for (
      const [key, type] of [["gone", /reference-unreachable$/], ["changed", /source-changed$/]]
    ) {
      const response = await fetch(`${world.url}/${id}/${key}/c/1/0`);
      const problem = await response.json();
      assert.equal(response.status, 502, `${id}/${key}`);
      assert.match(problem.type, type as RegExp);
    }
  }
  assert.deepEqual(world.elsewhere.seen(), []);
});

Deno.test("absent chunks and versions that do not exist are 404", async () => {
  for (const { id, tag } of world.repositories) {
    const absent = [
      `${id}/sparse/c/0/0/0`,
      `${id}/never/c/0/0`,
      `${id}/packed/c/9/0/0`,
      `${id}/many/many/c/0/0`,
      `${id}@${encodeURIComponent(`${tag}x`)}/zarr.json`,
      `${id}@nowhere/packed/c/0/0/0`,
      `${id}@00000000000000000000/zarr.json`,
    ];
    for (const path of absent) {
      const response = await fetch(`${world.url}/${path}`);
      await response.body?.cancel();
      assert.equal(response.status, 404, path);
    }
  }
});

Deno.test("a dataset's page links every version that its index names", async () => {
  for (const { id, spec, http, tag, branch, snapshots } of world.repositories) {
    // Version 1 over plain HTTP has nothing that tells names.
    const known = spec === 1 && http ? ["main"] : ["main", branch, tag];
    const response = await fetch(`${world.url}/${id}/`, { headers: { accept: "text/html" } });
    const page = await response.text();
    const links = [...page.matchAll(/<a href="(\/[^"]*@[^"]*)"/g)].map(([, href]) => href);
    for (const name of [...known, snapshots.first, snapshots.second]) {
      assert.ok(links.includes(`/${id}@${encodeURIComponent(name)}/`), `${name} in ${links}`);
    }
    for (const href of links) {
      // A repository begins with a snapshot that has no nodes at all, not even a root.
      const isFirst = href.endsWith(`@${EMPTY}/`);
      const linked = await fetch(`${world.url}${href}zarr.json`);
      await linked.body?.cancel();
      assert.equal(linked.status, isFirst ? 404 : 200, href);
    }
  }
});

/** Every byte of a chunk is the number of its commit. */
const COMMITS = 100;

/** The id of the snapshot that every repository begins with. */
const EMPTY = "1CECHNKREP0F1RSTCMT0";

Deno.test("inspect tells versions, history, containers and the origins that are needed", async () => {
  for (const { id, spec, http, tag, branch, snapshots } of world.repositories) {
    const { success, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", peersFile("../../main.ts"), "inspect", "--json"]
        .concat(id, "--catalog", world.catalog),
      cwd: peersFile("../.."),
      stdin: "null",
    }).output();
    assert.ok(success);
    const report = JSON.parse(new TextDecoder().decode(stdout));
    assert.equal(report.version, snapshots.second);
    assert.deepEqual(report.facts[0], ["format", `Icechunk, specification version ${spec}`]);
    const told: Array<{ kind: string; name: string; snapshot: string; message?: string }> =
      report.versions;
    const named = told.filter(({ kind }) => kind !== "snapshot")
      .map(({ kind, name, snapshot }) => [kind, name, snapshot]);
    assert.deepEqual(
      named,
      spec === 1 && http ? [["branch", "main", snapshots.second]] : [
        ...[["branch", branch, snapshots["on a branch"]], ["branch", "main", snapshots.second]]
          .sort(),
        ["tag", tag, snapshots.first],
      ],
    );
    const history = told.filter(({ kind }) => kind === "snapshot");
    assert.deepEqual(history.map(({ name, message }) => [name, message]), [
      [snapshots.second, "second"],
      [snapshots.first, "first"],
      [EMPTY, "Repository initialized"],
    ]);
    const base = http ? world.origin.url : `file://${world.folder.host}/cases/`;
    const outside = `${world.elsewhere.url}data/`;
    assert.deepEqual(report.origins, [`${base}data/`, outside].sort());
    assert.deepEqual(report.refused, [outside]);
    const prefixes = report.containers.map(({ prefix }: { prefix: string }) => prefix);
    assert.deepEqual(prefixes.sort(), [base, world.elsewhere.url].sort());
    const virtual = Object.values(world.commits[0].virtual).flat().length;
    const counted = report.facts.filter(([label]: [string]) => label.startsWith("manifest "))
      .reduce((sum: number, [, text]: [string, string]) => sum + parseInt(text), 0);
    assert.equal(counted, report.refs);
    assert.equal(report.refs, virtual + Object.keys(world.commits[0].stored).length);
  }
});

async function tickOf(url: string): Promise<number> {
  const response = await fetch(`${url}/zarr.json`);
  assert.equal(response.status, 200, url);
  return (await response.json()).attributes.tick;
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

for (const { id, spec, branch } of MOVING.filter(({ maxAge }) => maxAge === 1)) {
  Deno.test(`${id}: a moved branch is seen after maxAge; an unmoved one costs one conditional request`, async () => {
    const { origin, folder } = world;
    const url = `${world.url}/${id}`;
    const chunk = async () => {
      const response = await fetch(`${url}/b/c/1`);
      assert.equal(response.status, 200);
      assert.match(response.headers.get("cache-control")!, /max-age=1(,|$)/);
      return new Uint8Array(await response.arrayBuffer());
    };
    const commit = (n: number) =>
      writeRepository(folder.inside, {
        folder: `${folder.inside}/cases/repos/${id}`,
        spec,
        branch,
        ticks: [n, n + 1],
      });
    assert.equal(await tickOf(url), 0);
    assert.deepEqual(new Set(await chunk()), new Set([0]));

    // Unmoved: one conditional request, however many clients ask.
    await pause(1100);
    origin.seen();
    const ticks = await Promise.all(Array.from({ length: 20 }, () => tickOf(url)));
    assert.deepEqual(new Set(ticks), new Set([0]));
    const looked = origin.seen();
    assert.deepEqual(
      looked.map(({ conditional, status }) => [conditional, status]),
      [[true, 304]],
      JSON.stringify(looked),
    );

    // Moved: one read of the name, and of the snapshot behind it; the old version is not read again.
    await commit(1);
    await pause(1100);
    origin.seen();
    assert.equal(await tickOf(url), 1);
    const moved = origin.seen();
    const kinds = moved.map(({ path, conditional }) => [path.split("/").at(-2), conditional]);
    assert.equal(kinds.filter(([, conditional]) => conditional).length, 1, JSON.stringify(moved));
    assert.equal(kinds.filter(([kind]) => kind === "snapshots").length, 1, JSON.stringify(moved));
    assert.ok(moved.length <= 4, JSON.stringify(moved));
    assert.deepEqual(new Set(await chunk()), new Set([1]));
    origin.seen();
    // Within maxAge nothing is asked for what is known.
    await pause(1100);
    await tickOf(url);
    origin.seen();
    await Promise.all([tickOf(url), tickOf(url), tickOf(url)]);
    const again = origin.seen();
    assert.ok(again.length <= 1 && again.every(({ status }) => status === 304), `${again.length}`);
  });
}

for (const { id, spec, branch } of MOVING.filter(({ maxAge }) => maxAge === 0)) {
  Deno.test(`${id}: an answer under way keeps to its commit when the branch moves on`, async () => {
    const { origin, folder } = world;
    const commit = (n: number) =>
      writeRepository(folder.inside, {
        folder: `${folder.inside}/cases/repos/${id}`,
        spec,
        branch,
        ticks: [n, n + 1],
      });
    assert.equal(await tickOf(`${world.url}/${id}`), 0);
    for (const [n, view] of [[1, ""], [3, "~v2"], [5, ""]] as const) {
      const url = `${world.url}/${id}${view}`;
      await commit(n);
      // The first answer waits for its snapshot or, the third time, for a manifest of it.
      const what = n === 5 ? "manifests" : "snapshots";
      if (n === 5) assert.equal(await tickOf(url), n);
      const held = origin.hold(new RegExp(`^repos/${id}/${what}/`));
      const early = n === 5
        ? bytesOf(`${url}/b/c/1`)
        : view === "~v2"
        ? v2Ticks(url)
        : consolidatedTicks(url);
      await held.reached;
      await commit(n + 1);
      // The next one sees the new tip, and waits in its turn; its look at the branch is over by then.
      origin.seen();
      const later = tickOf(`${world.url}/${id}`);
      while (!origin.seen().some(({ path }) => path.includes("/snapshots/"))) await pause(5);
      held.release();
      assert.deepEqual(new Set(await early), new Set([n]), `${id}${view} at ${n}`);
      assert.equal(await later, n + 1);
    }
  });

  Deno.test(`${id}: no answer mixes two commits while the branch moves`, async () => {
    const { folder } = world;
    let running = true;
    const committing = writeRepository(folder.inside, {
      folder: `${folder.inside}/cases/repos/${id}`,
      spec,
      branch,
      ticks: [7, COMMITS],
    }).finally(() => running = false);
    const seen = new Set<number>();
    const named = `${id}@${encodeURIComponent(branch)}`;
    // Enough of them that some ask while others wait for a snapshot.
    const names = [id, named, `${named}~native`, `${id}~v2`];
    const readers = [...names, ...names, ...names, ...names].map(async (name) => {
      const url = `${world.url}/${name}`;
      let last = 0;
      // One round after the last commit too.
      for (let more = true; more;) {
        more = running;
        const documents = name.endsWith("~v2")
          ? await v2Ticks(url)
          : name.endsWith("~native")
          ? [await tickOf(url)]
          : await consolidatedTicks(url);
        assert.equal(new Set(documents).size, 1, `${name}: ${documents}`);
        const tick = documents[0];
        assert.ok(tick >= last, `${name} goes back from ${last} to ${tick}`);
        last = tick;
        seen.add(tick);
        for (const path of ["a", "b", "c/d", "e"]) {
          const key = name.endsWith("~v2") ? `${path}/1` : `${path}/c/1`;
          const bytes = new Set(await bytesOf(`${url}/${key}`));
          assert.equal(bytes.size, 1, `${url}/${key} has ${[...bytes]}`);
          assert.ok([...bytes][0] >= last, `${url}/${key} is of ${[...bytes]}, after ${last}`);
          last = [...bytes][0];
        }
      }
      assert.equal(last, COMMITS - 1, name);
    });
    const ended = await Promise.allSettled([committing, ...readers]);
    for (const one of ended) if (one.status === "rejected") throw one.reason;
    assert.ok(seen.size > 3, `${seen.size} commits seen`);
  });
}

async function bytesOf(url: string): Promise<number[]> {
  const response = await fetch(url);
  assert.equal(response.status, 200, url);
  return [...new Uint8Array(await response.arrayBuffer())];
}

interface Documented {
  readonly attributes: { readonly tick: number };
}

async function consolidatedTicks(url: string): Promise<number[]> {
  const response = await fetch(`${url}/zarr.json`);
  const root: Documented & { consolidated_metadata: { metadata: Record<string, Documented> } } =
    await response.json();
  const below = Object.values(root.consolidated_metadata.metadata);
  assert.equal(below.length, 5);
  return [root, ...below].map(({ attributes }) => attributes.tick);
}

async function v2Ticks(url: string): Promise<number[]> {
  const { metadata } = await (await fetch(`${url}/.zmetadata`)).json();
  const ticks = Object.entries(metadata as Record<string, { tick: number }>)
    .filter(([key]) => key.endsWith(".zattrs"))
    .map(([, { tick }]) => tick);
  assert.equal(ticks.length, 6);
  return ticks;
}
