/** Makes a fault happen to a read of the gateway, on a socket, and says what the client got. */

import { HttpListener } from "../../deploy/listener.ts";
import { denoFiles } from "../../deploy/deno_files.ts";
import { createGateway } from "../../deploy/gateway.ts";
import { parseCatalog } from "../../src/catalog/catalog_file.ts";
import { archiveFiles, BASE } from "./matrix_archive.ts";
import type { MatrixFault, Outcome } from "./matrix_faults.ts";
import { fileOf, MATRIX_DATASETS, type MatrixRead } from "./matrix_reads.ts";
import { type OriginServer, startOrigin } from "./origin_server.ts";

/** What a client got, and what was wrong with it besides. */
export interface Measured {
  readonly outcome: Outcome;
  /** Breaches of what holds for every answer: headers, secrecy, sockets to elsewhere. */
  readonly breaches: readonly string[];
}

/** Path of {@link BASE} on the scripted origin. */
const FOLDER = new URL(BASE).pathname;
/** Milliseconds after which a client gives up: an answer that takes so long is none. */
const PATIENCE = 8_000;

const files = archiveFiles();
const localFiles = archiveFiles("");
const healthy = new Map<string, Promise<Uint8Array>>();

/** A gateway on a socket over the archive. */
class Setting implements AsyncDisposable {
  /** URLs outside the archive that a connection was opened to. */
  readonly strayed: string[] = [];
  readonly #server: HttpListener;
  readonly #gateway: ReturnType<typeof createGateway>;

  /** @param base the URL of the archive's folder */
  constructor(
    readonly origin: OriginServer,
    readonly base: string,
    limits: Record<string, number> = {},
  ) {
    const allowed = { origins: [base] };
    const datasets = Object.entries(MATRIX_DATASETS).flatMap(([id, { url, format }]) => [
      [id, { url: base + url, format, ...allowed, maxAge: 3600 }],
      [`${id}-sniffed`, { url: base + url, ...allowed }],
      [`${id}-now`, { url: base + url, format, ...allowed, maxAge: 0 }],
      // What keeps the host busy has an index of its own, so that the others' stay unread.
      ["busy", { url: `${base}set.json`, ...allowed }],
    ]);
    const catalog = {
      datasets: Object.fromEntries(datasets),
      limits: { requestTimeoutMs: 5000, chunkCacheBytes: 0, ...limits },
    };
    this.#gateway = createGateway(
      parseCatalog(JSON.stringify(catalog), () => undefined),
      new URL(base),
      { log: () => {}, files: denoFiles, fetch: (input, init) => this.#fetch(String(input), init) },
    );
    this.#server = new HttpListener(
      { hostname: "127.0.0.1", port: 0, connections: 500, patienceMs: 30_000, log() {} },
      (request, connection) => this.#gateway.fetch(request, connection),
    );
  }

  /** `archive.example` is the scripted origin; anything else is a stray. */
  #fetch(url: string, init?: RequestInit): Promise<Response> {
    if (url.startsWith(new URL("/", BASE).href)) {
      return fetch(this.origin.url + url.slice(new URL("/", BASE).href.length), init);
    }
    this.strayed.push(url);
    return Promise.reject(new TypeError("no such host"));
  }

  /** The answer to a GET from outside. */
  get(key: string): Promise<Response> {
    const { port } = this.#server;
    return fetch(`http://127.0.0.1:${port}/${key}`, { signal: AbortSignal.timeout(PATIENCE) });
  }

  /** A GET without a socket, that ends with `signal`. */
  async inside(key: string, signal: AbortSignal): Promise<Response> {
    return await this.#gateway.fetch(new Request(`http://gateway/${key}`, { signal }), {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.origin.stop();
    this.#server.shutdown();
    await this.#server.finished;
    if (this.base.startsWith("file:")) {
      await Deno.remove(new URL("..", this.base), { recursive: true });
    }
  }
}

async function start(read: MatrixRead, limits?: Record<string, number>): Promise<Setting> {
  // Without validators an index that is looked at again is read again, so that bodies matter.
  const origin = await startOrigin({ validators: !read.name.endsWith("again") });
  for (const [path, bytes] of files) origin.files.set(FOLDER + path, bytes);
  return new Setting(origin, BASE, limits);
}

/** The archive as local files in a folder of its own, beside which there is another. */
async function startLocal(): Promise<Setting> {
  const root = `${await Deno.makeTempDir({ prefix: "sluice-matrix-" })}/`;
  for (const [path, bytes] of localFiles) {
    const file = `${root}data/${path}`;
    await Deno.mkdir(file.slice(0, file.lastIndexOf("/")), { recursive: true });
    await Deno.writeFile(file, bytes);
  }
  await Deno.mkdir(`${root}other`);
  await Deno.writeTextFile(`${root}outside.bin`, "what nobody may read");
  return new Setting(await startOrigin(), new URL(`file://${root}data/`).href);
}

/** Does `what` to each local file behind `read`. */
async function spoilLocal(
  base: string,
  what: MatrixFault["local"],
  read: MatrixRead,
): Promise<void> {
  const file = fileOf(read);
  const paths = [...localFiles.keys()].filter((path) =>
    file.endsWith("/") ? path.startsWith(file) : path === file
  );
  for (const path of paths) {
    const here = new URL(path, base);
    const aside = new URL(what === "linked out" ? "../other/it" : "it", base);
    aside.pathname += path.replaceAll("/", "_");
    if (what === "halved") {
      const bytes = Deno.readFileSync(here);
      // The first chunk of the archive is cut, the others are gone.
      await Deno.writeFile(here, bytes.subarray(0, Math.min(1000, bytes.length >> 1)));
    }
    if (what === "missing" || what === "a folder") await Deno.remove(here);
    if (what === "a folder") await Deno.mkdir(here);
    if (what === "linked out" || what === "linked within") {
      await Deno.rename(here, aside);
      await Deno.symlink(aside, here);
    }
  }
}

/** Times that a key is asked for: on a busy machine a healthy origin misses the shortest time limits. */
const WARM_UPS = 40;

async function warmUp(setting: Setting, read: MatrixRead): Promise<void> {
  for (const key of read.warm) {
    let seen = 0;
    for (let tried = 0; seen !== 200 && tried < WARM_UPS; tried++) {
      const response = await setting.get(key);
      const { length } = await response.bytes();
      seen = length === 0 ? 0 : response.status;
      if (seen !== 200) await new Promise((go) => setTimeout(go, 100));
    }
    if (seen !== 200) throw new Error(`${key} is ${seen} before anything went wrong`);
  }
}

/** The bytes of the read when nothing goes wrong. */
function healthyBody(read: MatrixRead, isLocal: boolean): Promise<Uint8Array> {
  const id = `${read.format} ${read.kind} ${read.name} ${isLocal}`;
  let body = healthy.get(id);
  if (!body) {
    body = (async () => {
      await using setting = await (isLocal ? startLocal() : start(read));
      await warmUp(setting, read);
      const response = await setting.get(read.key);
      if (response.status !== 200) throw new Error(`${read.key} is ${response.status} when well`);
      return await response.bytes();
    })();
    healthy.set(id, body);
  }
  return body;
}

/** Paths on the origin that go wrong. */
function pathsOf(read: MatrixRead): string[] {
  const { file } = read;
  if (file === undefined) return ["*"];
  if (!file.endsWith("/")) return [FOLDER + file];
  return [...files.keys()].filter((path) => path.startsWith(file)).map((path) => FOLDER + path);
}

function spoil(origin: OriginServer, fault: MatrixFault, read: MatrixRead): void {
  for (const path of pathsOf(read)) {
    if (fault.fault) origin.fault(path, fault.fault, { times: fault.times });
    const bytes = origin.files.get(path);
    const content = bytes && fault.content?.(bytes, read);
    if (content) origin.files.set(path, content);
  }
}

/** Takes every place of the host and of its queue, but for what `read` itself would share. */
async function occupy(setting: Setting, read: MatrixRead): Promise<() => Promise<void>> {
  setting.origin.fault(`${FOLDER}archive.bin`, { kind: "stall" });
  const chunks = {
    pass: [0, 1, 2],
    large: [0, 1],
    frame: [0, 1, 2],
    transcode: [0, 1, 2, 3, 4, 5, 6],
    zstd: [0, 3, 4],
    bad: [14, 15],
  };
  const keys = Object.entries(chunks)
    .flatMap(([array, all]) => all.map((c) => `busy/${array}/c/${c}`))
    .filter((key) => key.slice(key.indexOf("/")) !== read.key.slice(read.key.indexOf("/")));
  const leaving = new AbortController();
  const answers = keys.map((key) => setting.inside(key, leaving.signal));
  // More ask than there are places: the first refusal says that all are taken.
  await Promise.race(answers);
  return async () => {
    leaving.abort();
    await Promise.all(answers);
  };
}

/** What comes of `read` while `fault` happens. */
export async function measure(fault: MatrixFault, read: MatrixRead): Promise<Measured> {
  await using setting = await (fault.local ? startLocal() : start(read, fault.limits));
  if (fault.isBusy) await (await setting.get("busy/zarr.json")).bytes();
  await warmUp(setting, read);
  const release = fault.isBusy ? await occupy(setting, read) : undefined;
  if (fault.local) await spoilLocal(setting.base, fault.local, read);
  else spoil(setting.origin, fault, read);
  const dataset = read.key.slice(0, read.key.indexOf("/"));
  const key = fault.chunk ? `${dataset}/${fault.chunk}` : read.key;
  try {
    const { outcome, breaches } = await ask(setting, key, read);
    return { outcome, breaches: [...breaches, ...setting.strayed.map((url) => `asked ${url}`)] };
  } finally {
    await release?.();
  }
}

async function ask(setting: Setting, key: string, read: MatrixRead): Promise<Measured> {
  let response: Response;
  try {
    response = await setting.get(key);
  } catch (error) {
    return { outcome: isLate(error) ? "no answer" : "aborted", breaches: [] };
  }
  let body: Uint8Array;
  try {
    body = await response.bytes();
  } catch (error) {
    return { outcome: isLate(error) ? "a body without end" : "aborted", breaches: [] };
  }
  if (response.status >= 400) return problem(response, body);
  const expected = await healthyBody(read, setting.base.startsWith("file:"));
  const isRight = body.length === expected.length && body.every((byte, i) => byte === expected[i]);
  return { outcome: `${response.status}${isRight ? "" : " with other bytes"}`, breaches: [] };
}

function isLate(error: unknown): boolean {
  return (error as Error).name === "TimeoutError";
}

/** HTTP.md: what every problem document has, and what it never tells. */
function problem({ status, headers }: Response, body: Uint8Array): Measured {
  const text = new TextDecoder().decode(body);
  const breaches: string[] = [];
  const must = (what: string, holds: boolean) => {
    if (!holds) breaches.push(what);
  };
  must("a problem document", headers.get("content-type") === "application/problem+json");
  must("CORS", headers.get("access-control-allow-origin") === "*");
  const caching = headers.get("cache-control");
  must("Cache-Control", status === 404 ? caching !== null : caching === "no-store");
  must("its Content-Length", headers.get("content-length") === String(body.length));
  must(
    "no URL of the origin",
    !/archive\.example|127\.0\.0\.1|archive\.bin|https?:|file:|sluice-matrix/.test(text),
  );
  const document = JSON.parse(text) as Record<string, unknown>;
  must("its status", document.status === status);
  for (const name of ["title", "detail", "dataset", "key", "requestId"]) {
    must(`"${name}"`, typeof document[name] === "string");
  }
  const passes = document.type === "origin-unavailable" || document.type === "overloaded";
  must("Retry-After", passes === headers.has("retry-after"));
  return { outcome: `${status} ${document.type}`, breaches };
}
