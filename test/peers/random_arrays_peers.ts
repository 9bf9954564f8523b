/**
 * Random arrays of random types, shapes, orders, codecs, fill values, attributes and names, written by
 * zarr-python, read by zarr-python, xarray and GDAL through the gateway as they read them without it.
 *
 * `SEED=7 COUNT=600 deno task test:peers random_arrays` repeats or widens a run.
 */

import assert from "node:assert/strict";
import { FORMATS } from "../../manifests/mod.ts";
import { copyFolder, peersFile, runInRoot, sharedFolder } from "./peer_root.ts";
import { startGateway } from "./served_cases.ts";

/** CI repeats one run: what another seed finds is a finding, not a reason to refuse a change. */
const SEED = Number(
  Deno.env.get("SEED") ?? (Deno.env.has("CI") ? 257_511 : Date.now() % 1_000_000),
);
/** Arrays of the Zarr v2 sets; each is compared as every kind of index. */
const COUNT = Number(Deno.env.get("COUNT") ?? 300);

interface Sets {
  readonly sets: Array<{ readonly name: string; readonly targets: Record<string, string> }>;
  /** What zarr-python itself could not write or read, and how often. */
  readonly skipped: Record<string, number>;
}

interface Report {
  readonly problems: string[];
  readonly counts: Record<string, number>;
}

Deno.test(`random arrays read as they do without the gateway (SEED=${SEED})`, async () => {
  console.log(`SEED=${SEED} COUNT=${COUNT}`);
  const shared = await sharedFolder();
  const script = `${shared.inside}/peers/random_arrays.py`;
  try {
    await copyFolder(peersFile("."), `${shared.host}/peers`);
    const data = { host: `${shared.host}/data`, inside: `${shared.inside}/data` };
    await Deno.mkdir(data.host);
    const written = await runInRoot(
      ["python3", script, "write", data.inside, data.host, `${SEED}`, `${COUNT}`],
    );
    assert.ok(written.success, written.errors.slice(-4000));
    const { sets, skipped }: Sets = JSON.parse(await Deno.readTextFile(`${data.host}/sets.json`));
    const lost = Object.values(skipped).reduce((sum, count) => sum + count, 0);
    assert.ok(lost < COUNT / 4, `zarr-python wrote too few: ${JSON.stringify(skipped)}`);

    const kinds = FORMATS.map(({ name }) => name);
    const datasets: Record<string, { url: string; format: string; origins: string[] }> = {};
    for (const { name, targets } of sets) {
      for (const [format, target] of Object.entries(targets)) {
        if (!kinds.includes(format)) continue;
        const folder = `file://${data.host}/${name}/`;
        datasets[`${name}/${format}`] = { url: folder + target, format, origins: [folder] };
      }
    }
    const catalog = `${shared.host}/catalog.json`;
    await Deno.writeTextFile(catalog, JSON.stringify({ datasets }));
    const gateway = await startGateway(catalog, `${shared.host}/log`);
    try {
      const compared = await runInRoot(
        ["python3", script, "compare", data.inside, data.host, gateway.url, kinds.join(",")],
      );
      assert.ok(compared.success, compared.errors.slice(-4000));
      const { problems, counts }: Report = JSON.parse(compared.output);
      console.log(JSON.stringify(counts));
      assert.ok(counts["portable values"] > COUNT && counts["GDAL values"] > COUNT / 3);
      for (const id of Object.keys(datasets)) {
        problems.push(...await disagreements(`${gateway.url}/${id}`, counts));
      }
      console.log(`${counts["chunks asked for in parts"]} chunks asked for in parts`);
      assert.ok(counts["chunks asked for in parts"] > COUNT);
      const shown = problems.slice(0, 40).join("\n");
      assert.equal(problems.length, 0, `${problems.length} differ, SEED=${SEED}\n${shown}`);
    } finally {
      await gateway.stop();
    }
  } finally {
    await Deno.remove(shared.host, { recursive: true });
  }
});

interface ArrayDocument {
  readonly node_type: string;
  readonly shape: number[];
  readonly chunk_grid: { readonly configuration: { readonly chunk_shape: number[] } };
}

/** Where HEAD, a range or a condition on a chunk of the store at `url` does not agree with its GET. */
async function disagreements(url: string, counts: Record<string, number>): Promise<string[]> {
  const problems: string[] = [];
  const root = await (await fetch(`${url}/zarr.json`)).json();
  const nodes: Record<string, ArrayDocument> = root.consolidated_metadata.metadata;
  const random = generator(SEED);
  for (const [path, node] of Object.entries(nodes)) {
    if (node.node_type !== "array" || node.shape.includes(0)) continue;
    const lengths = node.chunk_grid.configuration.chunk_shape;
    const coords = node.shape.map((n, i) => random(Math.ceil(n / lengths[i])));
    const key = [...path.split("/").map(encodeURIComponent), "c", ...coords].join("/");
    const problem = await disagreement(`${url}/${key}`, random);
    if (problem) problems.push(`${url}/${key}: ${problem}`);
    counts["chunks asked for in parts"] = (counts["chunks asked for in parts"] ?? 0) + 1;
  }
  return problems;
}

async function disagreement(
  chunk: string,
  random: (below: number) => number,
): Promise<string | undefined> {
  const get = await fetch(chunk);
  const whole = await get.bytes();
  const head = await fetch(chunk, { method: "HEAD" });
  await head.body?.cancel();
  if (head.status !== get.status) return `HEAD ${head.status}, GET ${get.status}`;
  if (get.status === 404) return undefined;
  if (get.status !== 200) return `GET ${get.status}`;
  const etag = get.headers.get("etag")!;
  for (const response of [get, head]) {
    const length = response.headers.get("content-length");
    if (length !== `${whole.length}`) return `length ${length}, not ${whole.length}`;
  }
  if (head.headers.get("etag") !== etag) return `ETag ${head.headers.get("etag")}, not ${etag}`;
  const known = await fetch(chunk, { headers: { "if-none-match": etag } });
  await known.body?.cancel();
  if (known.status !== 304) return `If-None-Match gives ${known.status}`;
  const first = random(whole.length);
  const last = first + random(whole.length - first);
  const tail = 1 + random(whole.length);
  const ranges: Array<[range: string, part: Uint8Array]> = [
    [`${first}-${last}`, whole.subarray(first, last + 1)],
    [`${first}-`, whole.subarray(first)],
    [`-${tail}`, whole.subarray(whole.length - tail)],
    [`0-${whole.length + 9}`, whole],
  ];
  for (const [range, part] of ranges) {
    const response = await fetch(chunk, { headers: { range: `bytes=${range}`, "if-range": etag } });
    const bytes = await response.bytes();
    if (response.status !== 206) return `range ${range} gives ${response.status}`;
    if (bytes.toHex() !== part.toHex()) return `range ${range} of ${whole.length} has other bytes`;
    if (response.headers.get("etag") !== etag) return `range ${range} has another ETag`;
  }
  const beyond = await fetch(chunk, { headers: { range: `bytes=${whole.length}-` } });
  await beyond.body?.cancel();
  return beyond.status === 416 ? undefined : `a range beyond the end gives ${beyond.status}`;
}

/** Pseudo-random integers, the same for the same seed. */
function generator(seed: number): (below: number) => number {
  let state = seed | 0;
  return (below) => {
    state = Math.imul(state, 1664525) + 1013904223 | 0;
    return Math.floor((state >>> 0) / 2 ** 32 * below);
  };
}
