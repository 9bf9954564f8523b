/**
 * Origins against real servers: Ceph's S3 gateway, Azurite, nginx with passwords. The conformance
 * suite on each, and what each must refuse.
 */

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { AwsClient } from "aws4fetch";
import { OriginError } from "../../src/errors.ts";
import { type OriginSettings, originsFor } from "../../src/origin/mod.ts";
import type { Origin } from "../../src/origin/origin.ts";
import { CONFORMANCE_OBJECTS, originConformance } from "../conformance/origin.ts";
import { PEERS_ROOT, peersFile, runInRoot } from "./peer_root.ts";

const RANGE = { offset: 0, length: 50 };
const EXPECTED = CONFORMANCE_OBJECTS["data.bin"].slice(0, 50);

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

async function answers(url: string): Promise<void> {
  for (let tries = 0;; tries++) {
    try {
      await (await fetch(url)).body?.cancel();
      return;
    } catch (error) {
      if (tries === 240) throw error;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
}

/** Stops a server; one that never started has failed its tests already. */
async function stop(child: Deno.ChildProcess | undefined): Promise<void> {
  child?.kill();
  await child?.status;
}

const escaped = (name: string) =>
  encodeURIComponent(name).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16)}`)
    .replaceAll("%2F", "/");

function origin(allow: string[], settings: Record<string, OriginSettings>): Origin {
  return originsFor({ concurrentPerOrigin: 16, requestTimeoutMs: 30_000, settings })(allow);
}

/** Everything that was asked of the network, to see where secrets went. */
function recording(allow: string[], settings: Record<string, OriginSettings>) {
  const urls: string[] = [];
  const recorded = originsFor({
    concurrentPerOrigin: 16,
    requestTimeoutMs: 30_000,
    settings,
    fetch: (input, init) => {
      urls.push(String(input));
      return fetch(input, init);
    },
  })(allow);
  return { origin: recorded, urls };
}

async function unreachable(read: Promise<unknown>, status?: number): Promise<void> {
  await assert.rejects(read, (fault: unknown) => {
    assert.ok(fault instanceof OriginError, `${fault}`);
    assert.equal(fault.code, "reference-unreachable");
    assert.equal(fault.absent, false, "what is refused is not absent");
    if (status !== undefined) assert.equal(fault.context.originStatus, status);
    return true;
  });
}

// ---------------------------------------------------------------- Ceph

const ceph = {
  name: `origins-${Deno.pid}`,
  port: freePort(),
  key: "READER",
  secret: "s3cr3t/+Key",
};
const endpoint = `http://127.0.0.1:${ceph.port}`;
const keys = { accessKeyId: ceph.key, secretAccessKey: ceph.secret };

Deno.test.beforeAll(async () => {
  const started = await new Deno.Command(peersFile("s3"), {
    args: ["start", ceph.name, String(ceph.port), ceph.key, ceph.secret],
    stdin: "null",
  }).output();
  assert.ok(started.success, new TextDecoder().decode(started.stderr));
  const client = new AwsClient({ ...keys, service: "s3", region: "us-east-1" });
  const put = async (path: string, body: Uint8Array<ArrayBuffer> | undefined) => {
    const response = await client.fetch(`${endpoint}/${path}`, { method: "PUT", body });
    assert.ok(response.ok, `${path}: ${response.status} ${await response.text()}`);
  };
  await put("private", undefined);
  await put("many", undefined);
  for (const [name, bytes] of Object.entries(CONFORMANCE_OBJECTS)) {
    await put(`private/${escaped(name)}`, bytes);
  }
  await put("many/a//b/c%2Bd%20100%25.bin", EXPECTED);
  for (let i = 0; i < 1205; i += 50) {
    await Promise.all(
      Array.from(
        { length: Math.min(50, 1205 - i) },
        (_, j) => put(`many/list/${escaped(`k&<${i + j}>.bin`)}`, EXPECTED),
      ),
    );
  }
});

Deno.test.afterAll(async () => {
  await new Deno.Command(peersFile("s3"), { args: ["stop", ceph.name], stdin: "null" }).output();
  await Deno.remove(`${PEERS_ROOT}/srv/s3/${ceph.name}`, { recursive: true });
});

// Ceph's SQLite store (20.2.4) sends an object's first bytes for every range: s3rver stands in for those
originConformance("Ceph S3", () =>
  Promise.resolve({
    origin: origin(["s3://private/"], { "s3://private/": { endpoint, ...keys } }),
    url: (name) => new URL(`s3://private/${escaped(name)}`),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }), { rangesFromStartOnly: true });

Deno.test("Ceph S3: a wrong key, no key, and another's key are refused, never absent", async () => {
  const url = new URL("s3://private/data.bin");
  const wrong: OriginSettings[] = [
    { endpoint, ...keys, secretAccessKey: "wrong" },
    { endpoint, ...keys, accessKeyId: "NOBODY" },
    { endpoint },
    { endpoint, ...keys, anonymous: true },
  ];
  for (const settings of wrong) {
    const refused = origin(["s3://private/"], { "s3://private/": settings });
    await unreachable(refused.read({ url }, RANGE), 403);
    await unreachable(refused.head({ url }), 403);
    await unreachable(refused.list!({ url: new URL("s3://private/") }), 403);
  }
});

Deno.test("Ceph S3: a bucket that does not exist is not an absent key", async () => {
  const { read } = origin(["s3://none/"], { "s3://none/": { endpoint, ...keys } });
  await unreachable(read({ url: new URL("s3://none/data.bin") }, RANGE));
});

Deno.test("Ceph S3: keys with empty segments, plus and percent signs are found exactly", async () => {
  const { read } = origin(["s3://many/"], { "s3://many/": { endpoint, ...keys } });
  const body = await read({ url: new URL("s3://many/a//b/c+d%20100%25.bin") }, undefined);
  assert.deepEqual(await body.bytes(), EXPECTED);
});

Deno.test("Ceph S3: requester pays, session token and headers of one's own are signed along", async () => {
  const { read } = origin(["s3://private/"], {
    "s3://private/": {
      endpoint,
      ...keys,
      requesterPays: true,
      sessionToken: "token",
      headers: { "X-Amz-Meta-A": "b" },
    },
  });
  const body = await read({ url: new URL("s3://private/data.bin") }, RANGE);
  assert.deepEqual(await body.bytes(), EXPECTED);
});

Deno.test("Ceph S3: a listing of several pages is complete", async () => {
  const { list } = origin(["s3://many/"], { "s3://many/": { endpoint, ...keys } });
  const entries = await list!({ url: new URL("s3://many/list/") });
  const expected = Array.from({ length: 1205 }, (_, i) => `k&<${i}>.bin`).sort();
  assert.deepEqual(entries!.map((entry) => entry.name).sort(), expected);
});

Deno.test("Ceph S3: no secret or signature is ever part of a URL", async () => {
  const { origin, urls } = recording(["s3://private/"], { "s3://private/": { endpoint, ...keys } });
  await (await origin.read({ url: new URL("s3://private/data.bin") }, RANGE)).bytes();
  await origin.list!({ url: new URL("s3://private/folder/") });
  await origin.head({ url: new URL("s3://private/data.bin") });
  assert.ok(urls.length >= 3);
  for (const url of urls) assert.doesNotMatch(url, /signature|READER|s3cr3t|token=|credential/i);
});

// ---------------------------------------------------------------- s3rver, for ranges

const s3rver = { port: freePort(), folder: "" };
const s3rverEndpoint = `http://127.0.0.1:${s3rver.port}`;
const s3rverKeys = { accessKeyId: "S3RVER", secretAccessKey: "S3RVER" };
let s3rverProcess: Deno.ChildProcess | undefined;

Deno.test.beforeAll(async () => {
  s3rver.folder = await Deno.makeTempDir();
  const script = `import S3rver from "npm:s3rver@3.7.1";
    await new S3rver({ address: "127.0.0.1", port: ${s3rver.port}, silent: true,
      directory: ${
    JSON.stringify(s3rver.folder)
  }, configureBuckets: [{ name: "ranges" }] }).run();`;
  s3rverProcess = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--quiet", "--no-lock", script],
    cwd: s3rver.folder,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  await answers(s3rverEndpoint);
  const client = new AwsClient({ ...s3rverKeys, service: "s3", region: "us-east-1" });
  const put = await client.fetch(`${s3rverEndpoint}/ranges/data.bin`, {
    method: "PUT",
    body: CONFORMANCE_OBJECTS["data.bin"],
  });
  assert.ok(put.ok, await put.text());
});

Deno.test.afterAll(async () => {
  await stop(s3rverProcess);
  await Deno.remove(s3rver.folder, { recursive: true });
});

Deno.test("s3rver: many signed ranges of one file, each exactly, one signature for all", async () => {
  const settings = { endpoint: s3rverEndpoint, ...s3rverKeys };
  const { read } = origin(["s3://ranges/"], { "s3://ranges/": settings });
  const data = CONFORMANCE_OBJECTS["data.bin"];
  await Promise.all(Array.from({ length: 50 }, async (_, i) => {
    const range = { offset: i * 5999 + 1, length: 1 + i * 100 };
    const body = await read({ url: new URL("s3://ranges/data.bin") }, range);
    const bytes = await body.bytes();
    assert.deepEqual(bytes, data.slice(range.offset, range.offset + range.length));
  }));
});

// ---------------------------------------------------------------- Azurite

const azure = { port: freePort(), account: "devstoreaccount1" };
// Azurite's published key: the same for everybody
const AZURE_KEY =
  "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
const azureEndpoint = `http://127.0.0.1:${azure.port}/${azure.account}`;
const VERSION = "2021-08-06";
let azurite: Deno.ChildProcess | undefined;

const hmac = (text: string) =>
  createHmac("sha256", Uint8Array.fromBase64(AZURE_KEY)).update(text).digest("base64");

/** An account signature for reading and listing, as the portal makes them. */
function accountSas(permissions = "rl"): string {
  const expires = "2099-01-01T00:00:00Z";
  const fields = [azure.account, permissions, "b", "sco", "", expires, "", "http,https", VERSION];
  const signature = hmac([...fields, "", ""].join("\n"));
  return String(
    new URLSearchParams({
      sv: VERSION,
      ss: "b",
      srt: "sco",
      sp: permissions,
      se: expires,
      spr: "http,https",
      sig: signature,
    }),
  );
}

async function putAzure(path: string, query: string, body?: Uint8Array<ArrayBuffer>) {
  const headers: Record<string, string> = { "x-ms-version": VERSION };
  if (body) headers["x-ms-blob-type"] = "BlockBlob";
  if (query.includes("public")) headers["x-ms-blob-public-access"] = "container";
  const response = await fetch(
    `${azureEndpoint}/${path}?${query === "" ? "" : "restype=container&"}${accountSas("rwlcad")}`,
    { method: "PUT", headers, body: body ?? new Uint8Array(0) },
  );
  assert.ok(response.ok, `${path}: ${response.status} ${await response.text()}`);
}

Deno.test.beforeAll(async () => {
  azurite = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--quiet",
      // The project's lock file holds what the project itself is made of.
      "--no-lock",
      "npm:azurite@3.35.0/azurite-blob",
      "--inMemoryPersistence",
      "--disableTelemetry",
      "--silent",
      "--blobPort",
      String(azure.port),
    ],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  await answers(`${azureEndpoint}?comp=list`);
  await putAzure("secret", "container");
  await putAzure("open", "container public");
  for (const [name, bytes] of Object.entries(CONFORMANCE_OBJECTS)) {
    await putAzure(`secret/${escaped(name)}`, "", bytes);
    await putAzure(`open/${escaped(name)}`, "", bytes);
  }
});

Deno.test.afterAll(() => stop(azurite));

for (
  const [kind, base, settings] of [
    ["SAS", "az://secret/", { endpoint: azureEndpoint, sas: accountSas() }],
    ["anonymous", "abfs://open@devstoreaccount1.dfs.core.windows.net/", {
      endpoint: azureEndpoint,
    }],
  ] as const
) {
  originConformance(`Azurite, ${kind}`, () =>
    Promise.resolve({
      origin: origin([base], { [base]: settings }),
      url: (name) => new URL(base + escaped(name)),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }));
}

Deno.test("Azurite: no or a wrong signature is refused, never absent", async () => {
  const url = new URL("az://secret/data.bin");
  const wrong: OriginSettings[] = [
    { endpoint: azureEndpoint },
    { endpoint: azureEndpoint, sas: accountSas().replace(/sig=.*/, "sig=AAAA") },
    { endpoint: azureEndpoint, sas: accountSas(), anonymous: true },
    { endpoint: azureEndpoint, bearer: "no.such.token" },
  ];
  for (const settings of wrong) {
    const refused = origin(["az://secret/"], { "az://secret/": settings });
    await unreachable(refused.read({ url }, RANGE));
    await unreachable(refused.head({ url }));
    await unreachable(refused.list!({ url: new URL("az://secret/") }));
  }
});

Deno.test("Azurite: a container that does not exist is not an absent blob", async () => {
  const { read } = origin(["az://none/"], {
    "az://none/": { endpoint: azureEndpoint, sas: accountSas() },
  });
  await unreachable(read({ url: new URL("az://none/data.bin") }, RANGE));
});

Deno.test("Azurite: faults do not tell the signature", async () => {
  const { read } = origin(["az://secret/"], {
    "az://secret/": { endpoint: azureEndpoint.replace(/:\d+/, ":1"), sas: accountSas() },
  });
  await assert.rejects(
    read({ url: new URL("az://secret/data.bin") }, RANGE),
    (fault: OriginError) => {
      assert.doesNotMatch(JSON.stringify([fault.message, fault.context]), /sig=|sig%3D/);
      return fault.code === "origin-unavailable";
    },
  );
});

// ---------------------------------------------------------------- nginx

const web = { port: freePort(), folder: "" };
let nginx: Deno.ChildProcess | undefined;
const USER = { user: "reader", password: "pässword: 1" };
const TOKEN = "eyJ0eXAiOiJKV1QifQ.e30.c2ln";

/** nginx of this machine, or else of the peers' root, where it is installed if need be. */
async function nginxCommand(): Promise<string> {
  for (const path of ["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/bin/nginx"]) {
    if (await Deno.stat(path).then((info) => info.isFile, () => false)) return path;
  }
  const installed = await runInRoot(["sh", "-c", "apt-get install -y nginx-light >/dev/null"]);
  assert.ok(installed.success, installed.errors);
  return "";
}

Deno.test.beforeAll(async () => {
  const command = await nginxCommand();
  web.folder = command === ""
    ? await Deno.makeTempDir({ dir: `${PEERS_ROOT}/tmp` })
    : await Deno.makeTempDir();
  const inside = command === "" ? web.folder.slice(PEERS_ROOT.length) : web.folder;
  const basic = btoa(
    String.fromCharCode(...new TextEncoder().encode(`${USER.user}:${USER.password}`)),
  );
  for (const part of ["basic", "bearer"]) {
    for (const [name, bytes] of Object.entries(CONFORMANCE_OBJECTS)) {
      const path = `${web.folder}/www/${part}/${name}`;
      await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
      await Deno.writeFile(path, bytes);
    }
  }
  await Deno.writeTextFile(
    `${web.folder}/nginx.conf`,
    `daemon off; master_process off; pid ${inside}/pid; error_log ${inside}/log;
     events {}
     http {
       access_log off;
       client_body_temp_path ${inside}/t1; proxy_temp_path ${inside}/t2;
       fastcgi_temp_path ${inside}/t3; uwsgi_temp_path ${inside}/t4; scgi_temp_path ${inside}/t5;
       server {
         listen 127.0.0.1:${web.port};
         root ${inside}/www;
         location /basic/ { if ($http_authorization != "Basic ${basic}") { return 401; } }
         location /bearer/ { if ($http_authorization != "Bearer ${TOKEN}") { return 403; } }
       }
     }`,
  );
  const args = ["-c", `${inside}/nginx.conf`, "-e", `${inside}/log`];
  nginx = command === ""
    ? new Deno.Command(peersFile("run"), { args: ["nginx", ...args], stdin: "null" }).spawn()
    : new Deno.Command(command, { args, stdin: "null" }).spawn();
  await answers(`http://127.0.0.1:${web.port}/`);
});

Deno.test.afterAll(async () => {
  await stop(nginx);
  await Deno.remove(web.folder, { recursive: true });
});

for (
  const [part, settings] of [["basic", { basic: USER }], ["bearer", { bearer: TOKEN }]] as const
) {
  const base = `http://127.0.0.1:${web.port}/${part}/`;
  originConformance(`nginx, ${part}`, () =>
    Promise.resolve({
      origin: origin([base], { [base]: settings }),
      url: (name) => new URL(escaped(name), base),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }));

  Deno.test(`nginx, ${part}: without the credential, or with that of a neighbour, it is refused`, async () => {
    const other = `http://127.0.0.1:${web.port}/${part === "basic" ? "bearer" : "basic"}/`;
    const wrong: Array<Record<string, OriginSettings>> = [
      {},
      { [base]: { basic: { ...USER, password: "wrong" } } },
      { [base]: { bearer: `${TOKEN}x` } },
      { [other]: settings },
      { [base]: { ...settings, anonymous: true } },
    ];
    for (const table of wrong) {
      const refused = origin([base], table);
      const status = part === "basic" ? 401 : 403;
      await unreachable(refused.read({ url: new URL("data.bin", base) }, RANGE), status);
      await unreachable(refused.head({ url: new URL("data.bin", base) }), status);
    }
  });
}
