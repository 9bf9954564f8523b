/**
 * Indexes in one private S3, their chunks in another with other credentials: kerchunk Parquet as
 * fsspec writes it, an Icechunk repository as its library writes it.
 */

import assert from "node:assert/strict";
import { AwsClient } from "aws4fetch";
import { createGateway } from "../../deploy/gateway.ts";
import { parseCatalog } from "../../src/catalog/catalog_file.ts";
import { seededBytes } from "../conformance/origin.ts";
import { PEERS_ROOT, peersFile, runInRoot, sharedFolder } from "./peer_root.ts";

// Ceph's SQLite store sends an object's first bytes for every range, so every chunk is its own object.
const CHUNKS = Array.from({ length: 12 }, (_, i) => seededBytes(600, i + 1));
const SHAPE = { shape: [60, 40], chunks: [20, 10] };

const INDEX = {
  name: `index-${Deno.pid}`,
  port: freePort(),
  key: "INDEXKEY",
  secret: "index/secret",
};
const DATA = { name: `data-${Deno.pid}`, port: freePort(), key: "DATAKEY", secret: "data+secret" };

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

const endpointOf = ({ port }: { port: number }) => `http://127.0.0.1:${port}`;

async function start(server: typeof INDEX, bucket: string, objects: Map<string, Uint8Array>) {
  const started = await new Deno.Command(peersFile("s3"), {
    args: ["start", server.name, String(server.port), server.key, server.secret],
    stdin: "null",
  }).output();
  assert.ok(started.success, new TextDecoder().decode(started.stderr));
  const client = new AwsClient({
    accessKeyId: server.key,
    secretAccessKey: server.secret,
    service: "s3",
    region: "us-east-1",
  });
  const put = async (path: string, body?: Uint8Array) => {
    const url = `${endpointOf(server)}/${path}`;
    const response = await client.fetch(url, { method: "PUT", body: body as BodyInit });
    assert.ok(response.ok, `${path}: ${response.status} ${await response.text()}`);
  };
  await put(bucket);
  for (const [key, bytes] of objects) {
    await put(`${bucket}/${key.split("/").map(encodeURIComponent).join("/")}`, bytes);
  }
}

/** The files below `folder`: path relative to it → bytes. */
async function tree(folder: string, prefix = ""): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for await (const entry of Deno.readDir(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isFile) files.set(prefix + entry.name, await Deno.readFile(path));
    else for (const [k, v] of await tree(path, `${prefix}${entry.name}/`)) files.set(k, v);
  }
  return files;
}

const WRITE_KERCHUNK = `
import json, sys
from fsspec.implementations.reference import LazyReferenceMapper
refs = {".zgroup": '{"zarr_format":2}', "t/.zattrs": '{"_ARRAY_DIMENSIONS":["y","x"]}',
  "t/.zarray": json.dumps({"zarr_format":2,"shape":[60,40],"chunks":[20,10],"dtype":"|u1",
    "compressor":None,"filters":None,"fill_value":0,"order":"C"})}
for i in range(12):
    if i != 7: refs[f"t/{i//4}.{i%4}"] = [f"s3://chunks/dir/part {i}+%.bin", 0, 200]
table = LazyReferenceMapper.create(sys.argv[1], record_size=5, engine="pyarrow")
for key, value in refs.items(): table[key] = value
table.flush()
`;

const WRITE_ICECHUNK = `
const ic = require("/opt/icechunk/node_modules/@earthmover/icechunk");
(async () => {
  const storage = await ic.Storage.newLocalFilesystem(process.argv[2]);
  const repo = await ic.Repository.create(storage, undefined, 2);
  const session = await repo.writableSession("main");
  const text = (value) => Buffer.from(JSON.stringify(value));
  await session.store.set("zarr.json", text({ zarr_format: 3, node_type: "group", attributes: {} }));
  await session.store.set("t/zarr.json", text({ zarr_format: 3, node_type: "array", shape: [60, 40],
    data_type: "uint8", chunk_grid: { name: "regular", configuration: { chunk_shape: [20, 10] } },
    chunk_key_encoding: { name: "default", configuration: { separator: "/" } }, fill_value: 0,
    codecs: [{ name: "bytes" }], attributes: {} }));
  for (let i = 0; i < 12; i++) {
    const at = [Math.floor(i / 4), i % 4];
    if (i === 7) continue;
    if (i % 3 === 2) await session.store.set("t/c/" + at.join("/"), Buffer.alloc(200, i));
    else await session.store.setVirtualRefs("/t", [{ index: at, offset: 0, length: 200,
      location: "s3://chunks/dir/part%20" + i + "+%25.bin" }], false);
  }
  await session.commit("first");
})().catch((error) => { console.error(error); process.exit(1); });
`;

let folder: { host: string; inside: string };

Deno.test.beforeAll(async () => {
  folder = await sharedFolder();
  await Deno.writeTextFile(`${folder.host}/write.py`, WRITE_KERCHUNK);
  await Deno.writeTextFile(`${folder.host}/write.cjs`, WRITE_ICECHUNK);
  await Deno.mkdir(`${folder.host}/index`);
  for (
    const command of [
      ["python3", `${folder.inside}/write.py`, `${folder.inside}/index/set.parq`],
      ["node", `${folder.inside}/write.cjs`, `${folder.inside}/index/repo`],
    ]
  ) {
    const written = await runInRoot(command);
    assert.ok(written.success, written.errors);
  }
  await start(INDEX, "indexes", await tree(`${folder.host}/index`));
  const parts = CHUNKS.map((bytes, i) => [`dir/part ${i}+%.bin`, bytes] as const);
  await start(DATA, "chunks", new Map(parts));
});

Deno.test.afterAll(async () => {
  for (const { name } of [INDEX, DATA]) {
    await new Deno.Command(peersFile("s3"), { args: ["stop", name], stdin: "null" }).output();
    await Deno.remove(`${PEERS_ROOT}/srv/s3/${name}`, { recursive: true });
  }
  await Deno.remove(folder.host, { recursive: true });
});

/** A gateway over both sets; `data` are the credentials for the chunks. */
function gateway(index: typeof INDEX, data: typeof DATA) {
  const log: string[] = [];
  const environment: Record<string, string> = {
    INDEX_KEY: index.key,
    INDEX_SECRET: index.secret,
    DATA_KEY: data.key,
    DATA_SECRET: data.secret,
  };
  const catalog = {
    datasets: {
      parquet: { url: "s3://indexes/set.parq", origins: ["s3://chunks/dir/"] },
      icechunk: { url: "s3://indexes/repo/", origins: ["s3://chunks/dir/"] },
    },
    origins: {
      "s3://indexes/": {
        endpoint: endpointOf(INDEX),
        accessKeyId: "$INDEX_KEY",
        secretAccessKey: "$INDEX_SECRET",
      },
      "s3://chunks/": {
        endpoint: endpointOf(DATA),
        accessKeyId: "$DATA_KEY",
        secretAccessKey: "$DATA_SECRET",
      },
    },
  };
  const made = createGateway(
    parseCatalog(JSON.stringify(catalog), (name) => environment[name]),
    new URL("http://catalog/"),
    {
      log: (event, fields, error) =>
        log.push(JSON.stringify([event, fields, String(error), error])),
    },
  );
  const get = (path: string) => made.fetch(new Request(`http://gateway/${path}`), {});
  return { get, log };
}

for (const id of ["parquet", "icechunk"]) {
  Deno.test(`${id}: read from one private S3, its chunks from another with other keys`, async () => {
    const { get, log } = gateway(INDEX, DATA);
    const metadata = await (await get(`${id}/t/zarr.json`)).json();
    assert.deepEqual(metadata.shape, SHAPE.shape);
    for (let i = 0; i < 12; i++) {
      const response = await get(`${id}/t/c/${Math.floor(i / 4)}/${i % 4}`);
      const isNative = id === "icechunk" && i % 3 === 2;
      assert.equal(response.status, i === 7 ? 404 : 200, `${i}: ${log.at(-1)}`);
      const bytes = await response.bytes();
      if (i === 7) continue;
      assert.deepEqual(bytes, isNative ? new Uint8Array(200).fill(i) : CHUNKS[i].slice(0, 200));
    }
    assert.doesNotMatch(log.join("\n"), /secret/);
  });

  Deno.test(`${id}: with the keys of the index for its chunks, chunks are 502, never 404`, async () => {
    const { get, log } = gateway(INDEX, { ...DATA, key: INDEX.key, secret: INDEX.secret });
    const response = await get(`${id}/t/c/0/0`);
    assert.equal(response.status, 502, log.at(-1) ?? "nothing was logged");
    assert.match((await response.json()).type, /reference-unreachable$/);
    assert.equal((await get(`${id}/t/c/1/3`)).status, 404, "what the index proves absent stays so");
    assert.doesNotMatch(log.join("\n"), /index\/secret|data\+secret/);
  });

  Deno.test(`${id}: with a wrong key for the index, everything is 502`, async () => {
    const { get, log } = gateway({ ...INDEX, secret: "wrong" }, DATA);
    for (const key of ["zarr.json", "t/zarr.json", "t/c/0/0", "t/c/1/3"]) {
      const response = await get(`${id}/${key}`);
      assert.equal(response.status, 502, `${key}: ${log.at(-1)}`);
      await response.body?.cancel();
    }
  });
}
