/**
 * Virtual Icechunk repositories over NetCDF4 files, in both specification versions, over plain HTTP and
 * in a local folder, served by a gateway of its own process.
 */

import { fileState, type RecordedOrigin, serveRecorded } from "./icechunk_clients_origin.ts";
import { copyFolder, peersFile, runInRoot, sharedFolder } from "./peer_root.ts";
import { type Case, type ServedCase, startGateway } from "./served_cases.ts";

/** A commit of `icechunk_clients_write.py`: path → document, path → references, key → base64. */
export interface Commit {
  readonly documents: Record<string, string>;
  readonly virtual: Record<string, Array<{ index: number[]; offset: number; length: number }>>;
  readonly stored: Record<string, string>;
}

/** One of the repositories. */
export interface ServedRepository {
  readonly id: string;
  readonly spec: 1 | 2;
  /** Whether it, and what it refers to, is read over HTTP. */
  readonly http: boolean;
  /** Of the commits `first`, `second` and `on a branch`. */
  readonly snapshots: Record<"first" | "second" | "on a branch", string>;
  readonly tag: string;
  readonly branch: string;
}

/** The running tests' world. */
export interface ServedRepositories {
  /** The gateway, without a slash at its end. */
  readonly url: string;
  readonly folder: { host: string; inside: string };
  readonly catalog: string;
  readonly repositories: readonly ServedRepository[];
  readonly cases: readonly Case[];
  readonly served: readonly ServedCase[];
  readonly commits: readonly [Commit, Commit, Commit];
  /** Where the repositories and their archives are served from over HTTP. */
  readonly origin: RecordedOrigin;
  /** Serves the same files, and no catalog names it. */
  readonly elsewhere: RecordedOrigin;
  close(): Promise<void>;
}

/** Names that survive only exact escaping. Version 1 has no slashes in them. */
export const NAMES = {
  1: { tag: "first release é", branch: "dev branch" },
  2: { tag: "r/1 100% é", branch: "feature/x y+z" },
} as const;

/** Runs the writer of repositories in the root. */
export async function writeRepository(
  inside: string,
  options: Record<string, unknown>,
): Promise<string> {
  const written = await runInRoot([
    "node",
    `${inside}/peers/icechunk_clients_write.cjs`,
    JSON.stringify(options),
  ]);
  if (!written.success) throw new Error(`icechunk_clients_write.cjs failed:\n${written.errors}`);
  return written.output;
}

/** The ids of the moving repositories: all of a version's commits have one number. */
export const MOVING = [
  { id: "moving1", spec: 1, branch: "main", maxAge: 1 },
  { id: "moving2", spec: 2, branch: "main", maxAge: 1 },
  { id: "mixing1", spec: 1, branch: "run ning", maxAge: 0 },
  { id: "mixing2", spec: 2, branch: "run/ning", maxAge: 0 },
] as const;

/** Writes everything in the peers' root and serves it: `main.ts serve --catalog …`. */
export async function serveRepositories(): Promise<ServedRepositories> {
  const shared = await sharedFolder();
  const host = `${shared.host}/cases`;
  const inside = `${shared.inside}/cases`;
  const origin = serveRecorded(host);
  const elsewhere = serveRecorded(host);
  const close = async () => {
    await origin.close();
    await elsewhere.close();
    await Deno.remove(shared.host, { recursive: true });
  };
  try {
    await copyFolder(peersFile("."), `${shared.host}/peers`);
    const made = await runInRoot([
      "python3",
      `${shared.inside}/peers/icechunk_clients_write.py`,
      inside,
    ]);
    if (!made.success) throw new Error(`icechunk_clients_write.py failed:\n${made.errors}`);
    const cases: Case[] = JSON.parse(await Deno.readTextFile(`${host}/cases.json`));
    const commits = JSON.parse(await Deno.readTextFile(`${host}/contents.json`));
    const states: Record<string, unknown> = {};
    for await (const { name, isFile } of Deno.readDir(`${host}/data`)) {
      if (isFile) states[`data/${name}`] = await fileState(`${host}/data/${name}`);
    }

    const datasets: Record<string, Record<string, unknown>> = {};
    const repositories: ServedRepository[] = [];
    const served: Array<ServedCase & { case: Case }> = [];
    for (const spec of [1, 2] as const) {
      for (const http of [true, false]) {
        const id = `${http ? "http" : "file"}/ice${spec}`;
        const base = http ? origin.url : `file://${host}/`;
        const output = await writeRepository(shared.inside, {
          folder: `${inside}/repos/${id} repo`,
          spec,
          files: `${base}`,
          elsewhere: elsewhere.url,
          contents: `${inside}/contents.json`,
          names: NAMES[spec],
          validators: http ? states : withoutTags(states),
        });
        const { snapshots } = JSON.parse(output);
        repositories.push({ id, spec, http, snapshots, ...NAMES[spec] });
        datasets[id] = {
          url: `${base}repos/${id}%20repo`,
          origins: [`${base}data/`],
          title: `Icechunk ${spec}`,
          maxAge: 60,
        };
        const versions = [
          [id, "second"],
          [`${id}@${encodeURIComponent(NAMES[spec].tag)}`, "first"],
          // The same versions from a folder would be the same again.
          ...(http
            ? [
              [`${id}@${encodeURIComponent(NAMES[spec].branch)}`, "branch"],
              [`${id}@${snapshots.first}`, "first"],
            ]
            : [[`${id}@${snapshots.second}`, "second"]]),
        ];
        for (const [path, name] of versions) {
          const one = cases.find((one) => one.name === name)!;
          served.push({ id: path, kind: "icechunk", case: one });
        }
      }
    }
    for (const { id, spec, branch, maxAge } of MOVING) {
      await writeRepository(shared.inside, {
        folder: `${inside}/repos/${id}`,
        spec,
        branch,
        ticks: [0, 1],
      });
      datasets[id] = { url: `${origin.url}repos/${id}/`, maxAge, branch };
    }
    const catalog = `${shared.host}/catalog.json`;
    await Deno.writeTextFile(catalog, JSON.stringify({ datasets }, null, 1));
    await Deno.writeTextFile(
      `${host}/served.json`,
      JSON.stringify(served.map((entry) => ({ ...entry, case: entry.case.name }))),
    );
    const gateway = await startGateway(catalog, `${shared.host}/log`);
    return {
      url: gateway.url,
      folder: { host: shared.host, inside: shared.inside },
      catalog,
      repositories,
      cases,
      served,
      commits,
      origin,
      elsewhere,
      async close() {
        await gateway.stop();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A folder's files have a time, and entity tags only by HTTP. */
function withoutTags(states: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(states).map(([name, state]) => [name, { ...state as object, etag: undefined }]),
  );
}
