/**
 * Clients that we did not write meet every fault of the matrix, through a gateway of its own process:
 * each read must raise an error. One that returns numbers is a silent fill.
 *
 * With FAULTS_WRITE=1 the table of what they did goes into docs/faults.md.
 */

import assert from "node:assert/strict";
import * as zarr from "npm:zarrita@0.7.5";
import { documentPart, writeDocumentPart } from "../faults/matrix_document.ts";
import { type FaultCell, startFaultWorld } from "./faults_cells.ts";
import { peersFile, runInRoot, sharedFolder } from "./peer_root.ts";
import { startGateway } from "./served_cases.ts";
import { openDataset } from "./zarrita_client.ts";

/** What came of one read. */
interface Result {
  /** Of the cell. */
  readonly id: string;
  readonly mode: string;
  readonly error?: string;
  /** The first that were read, if nothing was raised. */
  readonly values?: readonly string[];
}

const MODES: Record<string, string> = {
  "zarr-python": "zarr-python",
  "zarrita": "zarrita",
  "GDAL": "GDAL behind /vsicurl/",
  "GDAL ?url=": "GDAL behind /vsicurl?url=",
  "GDAL with retries": "GDAL behind /vsicurl/ with GDAL_HTTP_MAX_RETRY=1",
};

let cells: readonly FaultCell[] = [];
/** Cell → status and problem type of its key. */
const answers = new Map<string, string>();
let results: readonly Result[] = [];

async function python(folder: string, mode: string): Promise<Result[]> {
  const { output, errors, success } = await runInRoot([
    "python3",
    `${folder}/faults_client.py`,
    `${folder}/cells.json`,
    mode,
  ]);
  assert.ok(success, errors.slice(-2000));
  return output.trim().split("\n").map((line) => JSON.parse(line));
}

async function zarrita(url: string): Promise<Result[]> {
  const found: Result[] = [];
  for (const { id, dataset, array, start, count } of cells) {
    const read = async () => {
      const opened = await (await openDataset(`${url}/${dataset}`)).array(array);
      const got = await zarr.get(opened, start.map((at, i) => zarr.slice(at, at + count[i])));
      return Array.from((got as { data: Iterable<number> }).data).slice(0, 4).map(String);
    };
    found.push(
      await read().then(
        (values) => ({ id, mode: "zarrita", values }),
        (error) => ({ id, mode: "zarrita", error: `${error.name}: ${error.message}` }),
      ),
    );
  }
  return found;
}

/** Status and problem type of a key as any other client gets them. */
async function answerOf(url: string): Promise<string> {
  try {
    const response = await fetch(url);
    const body = await response.text();
    return response.ok ? `${response.status}` : `${response.status} ${JSON.parse(body).type}`;
  } catch (error) {
    if (error instanceof TypeError) return "aborted";
    throw error;
  }
}

Deno.test.beforeAll(async () => {
  await using world = await startFaultWorld();
  const shared = await sharedFolder();
  try {
    await Deno.writeTextFile(`${shared.host}/catalog.json`, JSON.stringify(world.catalog));
    await Deno.copyFile(peersFile("faults_client.py"), `${shared.host}/faults_client.py`);
    const gateway = await startGateway(`${shared.host}/catalog.json`, `${shared.host}/log`);
    try {
      cells = world.cells;
      const served = cells.map((cell) => ({ ...cell, url: `${gateway.url}/${cell.dataset}` }));
      await Deno.writeTextFile(`${shared.host}/cells.json`, JSON.stringify(served));
      for (const { id, key } of cells) answers.set(id, await answerOf(`${gateway.url}/${key}`));
      const clients = Object.keys(MODES).map((mode) =>
        mode === "zarrita" ? zarrita(gateway.url) : python(shared.inside, mode)
      );
      results = (await Promise.all(clients)).flat();
    } finally {
      await gateway.stop();
    }
  } finally {
    await Deno.remove(shared.host, { recursive: true });
  }
});

for (const [mode, title] of Object.entries(MODES)) {
  Deno.test(`${title} raises for every fault: no cell is filled silently`, () => {
    const own = results.filter((result) => result.mode === mode);
    const read = new Set(own.map(({ id }) => id.split("|")[0]));
    assert.deepEqual(read, new Set(cells.map(({ fault }) => fault)), "every fault was met");
    const silent = own.filter(({ error }) => error === undefined)
      .map(({ id, values }) => `${id} (${answers.get(id)}) read ${values}`);
    console.log(`${own.length} reads, ${silent.length} silent`);
    assert.deepEqual(silent, []);
  });
}

Deno.test("every fault is answered with an error, or with a body that breaks", () => {
  const fine = cells.filter(({ id }) => /^[123]/.test(answers.get(id) ?? ""))
    .map(({ id }) => `${id}: ${answers.get(id)}`);
  assert.deepEqual(fine, []);
});

/** A row a fault: how each client took it, in all reads of the row. */
function clientTable(): string {
  const lines = [
    ["what happens", "answers", ...Object.values(MODES)],
    ["---", "---", ...Object.keys(MODES).map(() => "---")],
  ];
  for (const fault of new Set(cells.map((cell) => cell.fault))) {
    const ids = cells.filter((cell) => cell.fault === fault).map(({ id }) => id);
    const marks = Object.keys(MODES).map((mode) => {
      const own = results.filter((result) => result.mode === mode && ids.includes(result.id));
      // How many are silent, where a body breaks, depends on how it comes through.
      return own.every(({ error }) => error !== undefined) ? "raises" : "**silent**";
    });
    const distinct = [...new Set(ids.map((id) => answers.get(id)))].sort().join("<br>");
    lines.push([fault, distinct, ...marks]);
  }
  return lines.map((line) => `| ${line.join(" | ")} |`).join("\n");
}

Deno.test("docs/faults.md keeps what the clients did", () => {
  const table = clientTable();
  console.log(table);
  if (Deno.env.has("FAULTS_WRITE")) writeDocumentPart("clients", table);
  assert.equal(documentPart("clients"), table);
});
