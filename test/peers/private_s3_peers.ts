/**
 * Two private S3 servers (Ceph's), each with credentials of its own: kerchunk Parquet and Icechunk
 * indexes in the one, their chunks in the other. `main.ts serve` has the credentials from environment
 * variables and no permissions but those that `main.ts permissions` names; zarr-python reads.
 */

import assert from "node:assert/strict";
import { freePort, ServerProcess } from "./load_processes.ts";
import { PEERS_ROOT, peersFile, runInRoot, sharedFolder } from "./peer_root.ts";

interface S3 {
  readonly name: string;
  readonly endpoint: string;
  readonly key: string;
  readonly secret: string;
}

const INDEX = s3("index", "IndexReader", "1ndex/s3cr3t+Key");
const ARCHIVE = s3("archive", "ArchiveReader", "4rchive/s3cr3t+Key");

function s3(name: string, key: string, secret: string): S3 {
  return {
    name: `private-${name}-${Deno.pid}`,
    endpoint: `http://127.0.0.1:${freePort()}`,
    key,
    secret,
  };
}

let folder: { host: string; inside: string };

async function inRoot(...command: string[]): Promise<void> {
  const { success, output, errors } = await runInRoot(command);
  assert.ok(success, `${command.slice(0, 2).join(" ")}:\n${output}\n${errors.slice(-3000)}`);
}

Deno.test.beforeAll(async () => {
  folder = await sharedFolder();
  for (const script of ["write.py", "read.py", "icechunk.cjs"]) {
    await Deno.copyFile(peersFile(`private_s3_${script}`), `${folder.host}/${script}`);
  }
  for (const { name, endpoint, key, secret } of [INDEX, ARCHIVE]) {
    const started = await new Deno.Command(peersFile("s3"), {
      args: ["start", name, new URL(endpoint).port, key, secret],
      stdin: "null",
    }).output();
    assert.ok(started.success, new TextDecoder().decode(started.stderr));
  }
  const { inside } = folder;
  const servers = JSON.stringify({ index: INDEX, archive: ARCHIVE });
  await inRoot("python3", `${inside}/write.py`, inside, servers);
  await inRoot("node", `${inside}/icechunk.cjs`, inside, JSON.stringify(INDEX));
});

Deno.test.afterAll(async () => {
  for (const { name } of [INDEX, ARCHIVE]) {
    await new Deno.Command(peersFile("s3"), { args: ["stop", name], stdin: "null" }).output();
    await Deno.remove(`${PEERS_ROOT}/srv/s3/${name}`, { recursive: true });
  }
  await Deno.remove(folder.host, { recursive: true });
});

/** A server whose credentials are those of `env`, or else the right ones. */
function serve(env: Record<string, string> = {}): Promise<ServerProcess> {
  const settings = ({ endpoint }: S3, name: string) => ({
    endpoint,
    accessKeyId: `$${name}_KEY`,
    secretAccessKey: `$${name}_SECRET`,
  });
  return ServerProcess.start(folder.host, {
    datasets: {
      parquet: { url: "s3://indexes/set.parq", origins: ["s3://archive/dir/"] },
      icechunk: { url: "s3://indexes/repo/", origins: ["s3://archive/dir/"] },
    },
    origins: {
      "s3://indexes/": settings(INDEX, "INDEX"),
      "s3://archive/": settings(ARCHIVE, "ARCHIVE"),
    },
  }, {
    env: {
      INDEX_KEY: INDEX.key,
      INDEX_SECRET: INDEX.secret,
      ARCHIVE_KEY: ARCHIVE.key,
      ARCHIVE_SECRET: ARCHIVE.secret,
      ...env,
    },
  });
}

const read = (url: string, ...failing: string[]) =>
  inRoot("python3", `${folder.inside}/read.py`, folder.inside, url, ...failing);

/** Every kind of answer that a dataset gives, headers and bodies, as text. */
async function answers(server: ServerProcess, id: string): Promise<string> {
  let text = "";
  const keys = [
    "zarr.json",
    "",
    "plain/zarr.json",
    "plain/c/0/0",
    "plain/c/0/2",
    "steps/c/2/3",
    "no",
  ];
  const paths = ["", "-/catalog.json", "-/health", `-/refs/${id}/plain/c/0/0`];
  for (const path of [...paths, ...keys.map((key) => `${id}/${key}`)]) {
    for (const accept of ["text/html", "application/json"]) {
      const response = await fetch(`${server.url}/${path}`, { headers: { accept } });
      text += JSON.stringify([...response.headers]);
      text += new TextDecoder("latin1").decode(await response.bytes());
    }
  }
  return text;
}

/** No credential, and nothing that is made from one. */
function assertNoCredential(text: string, where: string): void {
  for (const credential of [INDEX.key, INDEX.secret, ARCHIVE.key, ARCHIVE.secret, "Wr0ng/s3cr3t"]) {
    for (const spelling of [credential, encodeURIComponent(credential), btoa(credential)]) {
      assert.ok(!text.includes(spelling), `${spelling} in ${where}`);
    }
  }
  assert.doesNotMatch(text, /AWS4-HMAC|X-Amz-Signature|Signature=/i, where);
}

for (const id of ["parquet", "icechunk"]) {
  Deno.test(`${id}: zarr-python reads what was written from two private S3s`, async () => {
    await using server = await serve();
    await read(`${server.url}/${id}`);
    const text = await answers(server, id);
    await server.stop();
    assertNoCredential(text, "an answer");
    assertNoCredential(server.log, "the log");
    assert.doesNotMatch(server.log, /"fault"/);
  });

  Deno.test(`${id}: with a wrong secret for the chunks they are 502 and never fill`, async () => {
    for (const [name, value] of [["SECRET", "Wr0ng/s3cr3t"], ["KEY", INDEX.key]]) {
      await using server = await serve({ [`ARCHIVE_${name}`]: value });
      await read(`${server.url}/${id}`, "plain", "deflated", "steps");
      const response = await fetch(`${server.url}/${id}/plain/c/0/0`);
      assert.equal(response.status, 502);
      assert.equal((await response.json()).type, "reference-unreachable");
      const absent = await fetch(`${server.url}/${id}/plain/c/1/2`);
      assert.equal(absent.status, 404, "what the index proves absent stays so");
      await absent.body?.cancel();
      const text = await answers(server, id);
      await server.stop();
      assert.match(server.log, /"reference-unreachable"/);
      assertNoCredential(text, "an answer");
      assertNoCredential(server.log, "the log");
    }
  });

  Deno.test(`${id}: with a wrong secret for the index every key is 502`, async () => {
    await using server = await serve({ INDEX_SECRET: "Wr0ng/s3cr3t" });
    await read(`${server.url}/${id}`, "all");
    for (const key of ["zarr.json", "plain/zarr.json", "plain/c/0/0", "plain/c/1/2", "none/c/0"]) {
      const response = await fetch(`${server.url}/${id}/${key}`);
      assert.equal(response.status, 502, key);
      assert.equal((await response.json()).type, "reference-unreachable");
    }
    const text = await answers(server, id);
    await server.stop();
    assertNoCredential(text, "an answer");
    assertNoCredential(server.log, "the log");
  });
}

Deno.test("the permissions name the two servers and the four variables, and they suffice", async () => {
  await using server = await serve();
  const [net, deny, read, env, ...more] = server.flags;
  const hosts = [
    `127.0.0.1:${server.port}`,
    ...[INDEX, ARCHIVE].map((s) => new URL(s.endpoint).host),
  ];
  assert.deepEqual(net.replace("--allow-net=", "").split(","), hosts);
  assert.match(deny, /^--deny-net=169\.254\.0\.0\/16,/);
  assert.match(read, /^--allow-read=[^,]*\/catalog-[^,]*\.json$/);
  assert.equal(env, "--allow-env=ARCHIVE_KEY,ARCHIVE_SECRET,INDEX_KEY,INDEX_SECRET");
  assert.deepEqual(more, []);
  const response = await fetch(`${server.url}/icechunk/steps/c/0/0`);
  assert.equal(response.status, 200);
  await response.body?.cancel();
});
