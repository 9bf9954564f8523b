/** What origins answer, and where references and redirects lead. */

import assert from "node:assert/strict";
import { type Attack, type Group, type Scene, tally } from "./attack.ts";
import { absent, bytesOf, type Handler } from "./hostile_origin.ts";
import { partitionFile } from "../manifests/parquet_set.ts";
import { jsonSet, references, zarray } from "./sets.ts";

/** A body that never ends, in pieces of `bytes`, every so many milliseconds. */
function endless(bytes: number, everyMs = 0): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      await new Promise((resolve) => setTimeout(resolve, everyMs));
      controller.enqueue(new Uint8Array(bytes).fill(0x20));
    },
  });
}

const ENDLESS_RANGE: Handler = (request) => {
  const range = /bytes=(\d+)-(\d+)/.exec(request.headers.get("range") ?? "");
  if (!range) return new Response(endless(2 ** 20));
  return new Response(endless(2 ** 20), {
    status: 206,
    headers: { "content-range": `bytes ${range[1]}-${range[2]}/1000000000000` },
  });
};

const CODECS = {
  pass: {},
  frame: {
    filters: [{ id: "shuffle", elementsize: 4 }],
    compressor: { id: "zlib", level: 1 },
  },
  transcode: {
    filters: [{ id: "delta", dtype: "<i4", astype: "<i4" }],
    compressor: { id: "zlib", level: 1 },
  },
};

const bodies: Attack[] = [
  ...Object.entries(CODECS).map(([tier, members]): Attack => ({
    point: "Origins 12",
    name: `20 bodies without end behind a range of 1,000 bytes (${tier})`,
    before: "5.5 GB were taken for 1,000 bytes",
    datasets: (at) => ({ [`endless-${tier}`]: jsonSet(at, `endless-${tier}.json`) }),
    files: (at) => ({
      [`/endless-${tier}.json`]: JSON.stringify(
        references(
          { ...members, shape: [20 * 250], chunks: [250] },
          Object.fromEntries(
            Array.from({ length: 20 }, (_, i) => [i, [`${at}endless`, i * 1000, 1000]]),
          ),
        ),
      ),
    }),
    async run(scene) {
      scene.origin.put("/endless", ENDLESS_RANGE);
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, (_, i) =>
          scene.get(`endless-${tier}/a/c/${i}`).then(
            ({ status, type }) => `${status} ${type}`.trim(),
            () => "broke off",
          )),
      );
      assert.ok(outcomes.every((outcome) => /^50[24]|^broke off/.test(outcome)), tally(outcomes));
      return tally(outcomes);
    },
  })),
  ...([["fast", 2 ** 20, 0], ["a byte at a time", 1, 20]] as const).map(
    ([how, bytes, everyMs], i): Attack => ({
      point: "Origins 12",
      name: `an index without Content-Length and without end, ${how}`,
      before: "it was read on and on",
      datasets: (at) => ({ [`index-${i}`]: jsonSet(at, `index-${i}`) }),
      run: async (scene) => {
        scene.origin.put(`/index-${i}`, () => new Response(endless(bytes, everyMs)));
        return await scene.expect(`index-${i}/zarr.json`, [
          "503 index-too-large",
          "504 origin-timeout",
          "502 index-invalid",
        ]);
      },
    }),
  ),
];

const xml = (code: string) => `<?xml version="1.0"?><Error><Code>${code}</Code></Error>`;
const KEYS = { region: "us-east-1", accessKeyId: "AKIAHOSTILE", secretAccessKey: "hostile-secret" };
const absences: Attack[] = [
  {
    point: "Origins 13",
    name: "chunks in a bucket that is not there",
    before: "404: read as fill",
    datasets: (at) => ({ bucket: { ...jsonSet(at, "bucket.json"), origins: ["s3://gone/"] } }),
    origins: (at) => ({ "s3://gone/": { endpoint: at, anonymous: true } }),
    files: () => ({
      "/bucket.json": JSON.stringify(
        references({}, { 0: ["s3://gone/k", 0, 4], 1: ["s3://gone/k"] }),
      ),
    }),
    async run(scene) {
      scene.origin.put("/gone/k", ({ method }) => absent("NoSuchBucket", method));
      await scene.expect("bucket/a/c/1", ["502 reference-unreachable"]);
      await scene.expect("bucket/a/c/0", ["502 reference-unreachable"], { method: "GET" });
      const head = await fetch(`${scene.server.url}/bucket/a/c/1`, { method: "HEAD" });
      assert.equal(head.status, 502);
      return "502 reference-unreachable";
    },
  },
  {
    point: "Origins 13",
    name: "a plain Zarr store in a bucket that went away",
    before: "404: read as fill",
    datasets: () => ({ plain: { url: "s3://plain/store/", format: "zarr", maxAge: 0 } }),
    origins: (at) => ({ "s3://plain/": { endpoint: at, anonymous: true } }),
    files: () => ({
      "/plain/store/.zgroup": '{"zarr_format":2}',
      "/plain/store/.zmetadata": JSON.stringify({
        zarr_consolidated_format: 1,
        metadata: { ".zgroup": { zarr_format: 2 }, "a/.zarray": JSON.parse(zarray({})) },
      }),
      "/plain/store/a/0": new Uint8Array([1, 0, 0, 0]),
    }),
    async run(scene) {
      await scene.expect("plain/a/c/0", ["200"]);
      scene.origin.put("/plain/store/a/1", ({ method }) => absent("NoSuchBucket", method));
      await scene.expect("plain/a/c/1", ["502 reference-unreachable"]);
      scene.origin.remove("/plain/store/a/1");
      await scene.expect("plain/a/c/1", ["404 not-found"]);
      return "502 reference-unreachable; 404 for NoSuchKey";
    },
  },
  {
    point: "Origins 13",
    name: "a partition that was there and is not",
    before: "404: read as fill",
    datasets: (at) => ({
      rewritten: {
        url: `${at}rewritten.parq/`,
        format: "kerchunk-parquet",
        origins: [at],
        maxAge: 0,
      },
    }),
    files: (at) => {
      const rows = [0, 1].map((i) => ({ path: `${at}rewritten.bin`, offset: i * 4, size: 4 }));
      return {
        "/rewritten.parq/.zmetadata": ZMETADATA(2),
        "/rewritten.parq/a/refs.0.parq": partitionFile(rows),
        "/rewritten.bin": new Uint8Array(8),
      };
    },
    async run(scene) {
      await scene.expect("rewritten/a/c/0", ["200"]);
      scene.origin.remove("/rewritten.parq/a/refs.0.parq");
      const gone = await scene.expect("rewritten/a/c/1", [
        "200",
        "502 reference-unreachable",
        "502 source-changed",
      ]);
      scene.origin.remove("/rewritten.parq/.zmetadata");
      await scene.expect("rewritten/a/c/1", ["502 reference-unreachable", "502 source-changed"]);
      return gone;
    },
  },
];

/** A `.zmetadata` of one array. */
function ZMETADATA(recordSize: number): string {
  return JSON.stringify({
    metadata: { ".zgroup": { zarr_format: 2 }, "a/.zarray": JSON.parse(zarray({})) },
    record_size: recordSize,
  });
}

const SPELLINGS = (port: string) => [
  `http://127.0.0.1:${port}/secret/k`,
  `http://127.0.0.1:${port}/open/../secret/k`,
  `http://127.0.0.1:${port}/open/%2e%2e/secret/k`,
  `http://127.0.0.1:${port}/open/..%2fsecret/k`,
  `http://127.1:${port}/secret/k`,
  `http://0x7f000001:${port}/secret/k`,
  `http://2130706433:${port}/secret/k`,
  `http://[::ffff:127.0.0.1]:${port}/secret/k`,
  `http://[::ffff:7f00:1]:${port}/secret/k`,
  `http://[64:ff9b::7f00:1]:${port}/secret/k`,
  `http://localhost:${port}/secret/k`,
  `http://localhost.:${port}/secret/k`,
  `http://user@127.0.0.1:${port}/secret/k`,
  `http://169.254.169.254/latest/meta-data/`,
  `file:///etc/hostname`,
  `/etc/hostname`,
];

const places: Attack[] = [
  {
    point: "Origins 16",
    name: "redirects out of the dataset's prefix, by path, host and scheme",
    before: "followed on a listed host, wherever the path led",
    datasets: (at) => ({ moved: { ...jsonSet(at, "moved.json"), origins: [`${at}open/`] } }),
    origins: (at) => ({ [at]: { redirects: [new URL(at).host] } }),
    files: (at) => ({
      "/moved.json": JSON.stringify(
        references({}, Object.fromEntries([0, 1, 2, 3].map((i) => [i, [`${at}open/${i}`, 0, 4]]))),
      ),
      "/secret/k": new Uint8Array(4),
    }),
    async run(scene) {
      const at = scene.origin.url;
      const { port } = new URL(at);
      const targets = [
        `${at}secret/k`,
        `${at}open/../secret/k`,
        `http://[::ffff:127.0.0.1]:${port}/secret/k`,
        "file:///etc/hostname",
      ];
      const before = scene.origin.asked("/secret/");
      const outcomes: string[] = [];
      for (const [i, location] of targets.entries()) {
        scene.origin.put(
          `/open/${i}`,
          () => new Response(null, { status: 302, headers: { location } }),
        );
        outcomes.push(
          await scene.expect(`moved/a/c/${i}`, ["502 origin-redirect", "502 origin-not-allowed"]),
        );
      }
      assert.equal(scene.origin.asked("/secret/"), before);
      return tally(outcomes);
    },
  },
  {
    point: "Origins 17",
    name: `${SPELLINGS("").length} spellings of places that are not the dataset's`,
    before: "names that resolve to mapped addresses passed `--deny-net`",
    datasets: (at) => ({ spelled: { ...jsonSet(at, "spelled.json"), origins: [`${at}open/`] } }),
    files: (at) => {
      const urls = SPELLINGS(new URL(at).port);
      return {
        "/spelled.json": JSON.stringify(
          references(
            { shape: [urls.length] },
            Object.fromEntries(urls.map((url, i) => [i, [url, 0, 4]])),
          ),
        ),
        "/secret/k": new Uint8Array(4),
      };
    },
    async run(scene) {
      const before = scene.origin.asked("/secret/");
      const outcomes: string[] = [];
      for (const i of SPELLINGS("").keys()) {
        outcomes.push(
          await scene.expect(`spelled/a/c/${i}`, [
            "502 origin-not-allowed",
            "502 reference-unreachable",
          ]),
        );
      }
      assert.equal(scene.origin.asked("/secret/"), before);
      return tally(outcomes);
    },
  },
  {
    point: "Origins 18",
    name: "references of a local index to hidden files and to files above",
    before: "`.ssh/id` was served",
    datasets: (_, folder) => ({ local: { url: `${folder}/home/local.json` } }),
    local: {
      "home/.ssh/id": "a key",
      "outside": "what is above",
      "home/local.json": JSON.stringify(
        references({}, {
          0: [".ssh/id", 0, 4],
          1: ["../outside", 0, 4],
          2: ["%2e%2e/outside", 0, 4],
          3: ["./.ssh/../.ssh/id"],
        }),
      ),
    },
    async run(scene) {
      const outcomes: string[] = [];
      for (const i of [0, 1, 2, 3]) {
        outcomes.push(await scene.expect(`local/a/c/${i}`, ["502 origin-not-allowed"]));
      }
      return tally(outcomes);
    },
  },
];

/** An S3 whose clock is two hours ahead. */
const skewed: Handler = (request) => {
  const now = Date.now() + 7_200_000;
  const stamp = request.headers.get("x-amz-date") ?? "19700101T000000Z";
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(stamp)!.slice(1).map(Number);
  const signed = Date.UTC(parts[0], parts[1] - 1, ...parts.slice(2) as [number]);
  if (Math.abs(now - signed) > 900_000) {
    return new Response(xml("RequestTimeTooSkewed"), {
      status: 403,
      headers: { "date": new Date(now).toUTCString(), "x-amz-request-id": "1" },
    });
  }
  return bytesOf(request, new Uint8Array([7, 0, 0, 0]));
};

const clocks: Attack[] = [
  {
    point: "Origins 19",
    name: "an S3 whose clock is two hours ahead, and whose faults quote the request",
    before: "403 for ever; the runtime's messages were logged with what they quote",
    datasets: (at) => ({ clock: { ...jsonSet(at, "clock.json"), origins: ["s3://clock/"] } }),
    origins: (at) => ({ "s3://clock/": { ...KEYS, endpoint: at } }),
    files: () => ({
      "/clock.json": JSON.stringify(
        references({}, { 0: ["s3://clock/k", 0, 4], 1: ["s3://clock/quoting", 0, 4] }),
      ),
    }),
    async run(scene) {
      scene.origin.put("/clock/k", skewed);
      scene.origin.put(
        "/clock/quoting",
        (request) =>
          new Response(`<Error><Code>${KEYS.secretAccessKey}</Code></Error>`, {
            status: 403,
            statusText: KEYS.secretAccessKey,
            headers: { "x-quoted": String(request.headers.get("authorization")) },
          }),
      );
      const first = await scene.expect("clock/a/c/0", ["200"]);
      await scene.expect("clock/a/c/1", ["502 reference-unreachable"]);
      assert.ok(!scene.server.log.includes(KEYS.secretAccessKey), "the log has the secret");
      return first;
    },
  },
];

/** Reads that fail, each of which is logged. */
async function logged(scene: Scene): Promise<string> {
  const outcomes: string[] = [];
  for (let i = 0; i < 50; i++) {
    outcomes.push(await scene.expect("logged/a/c/0", ["502 reference-unreachable"]));
  }
  return tally(outcomes);
}

function unwritable(what: string): Attack {
  return {
    point: "Origins 14",
    name: `50 faults and a log that is ${what}`,
    before: "500 instead of the answer",
    datasets: (at) => ({ logged: jsonSet(at, "logged.json") }),
    files: (at) => ({ "/logged.json": JSON.stringify(references({}, { 0: [`${at}no`, 0, 4] })) }),
    run: logged,
  };
}

/** Logs that cannot be written have processes of their own. */
export const ORIGINS: readonly Group[] = [
  { attacks: [...bodies, ...absences, ...clocks], limits: { requestTimeoutMs: 4000 } },
  { attacks: places },
  { attacks: [unwritable("a full disk")], log: "/dev/full" },
  { attacks: [unwritable("closed")], log: "&-" },
];
