import assert from "node:assert/strict";
import { OriginError } from "../../../src/errors.ts";
import { type OriginSettings, originsFor } from "../../../src/origin/mod.ts";

const RANGE = { offset: 0, length: 4 };

/** Reads from `host`, whose name leads to `addresses`; gives how often the network was reached. */
async function reach(
  url: string,
  addresses: string[] | undefined,
  settings: Record<string, OriginSettings> = {},
): Promise<{ dialled: number; code?: string }> {
  let dialled = 0;
  const origin = originsFor({
    concurrentPerOrigin: 1,
    requestTimeoutMs: 1000,
    settings,
    resolve: () => Promise.resolve(addresses),
    fetch: () => {
      dialled++;
      const headers = { "content-range": "bytes 0-3/10", "content-length": "4" };
      return Promise.resolve(new Response(new Uint8Array(4), { status: 206, headers }));
    },
  })([new URL("/", url).protocol === "s3:" ? "s3://bucket/" : new URL("/", url).href]);
  try {
    await (await origin.read({ url: new URL(url) }, RANGE)).bytes();
    return { dialled };
  } catch (fault) {
    assert.ok(fault instanceof OriginError, `${fault}`);
    return { dialled, code: fault.code };
  }
}

const REFUSED = [
  "127.0.0.1",
  "10.0.0.1",
  "192.168.1.1",
  "172.16.0.1",
  "169.254.169.254",
  "100.64.0.1",
  "0.0.0.0",
  "::1",
  "::",
  "::ffff:127.0.0.1",
  "::ffff:169.254.169.254",
  "::ffff:8.8.8.8",
  "64:ff9b::a00:1",
  "fe80::1",
  "fd00:ec2::254",
  "fc00::1",
];

Deno.test("a name that leads to any address that is not public is not dialled", async () => {
  for (const address of REFUSED) {
    for (const addresses of [[address], ["8.8.8.8", address]]) {
      const { dialled, code } = await reach("https://data.example/a", addresses);
      assert.deepEqual([dialled, code], [0, "origin-not-allowed"], address);
    }
  }
  const found = await reach("https://data.example/a", ["8.8.8.8", "2606:4700::1"]);
  assert.deepEqual(found, { dialled: 1 });
});

Deno.test("a literal address, a name that can be no public one, and a host said to be inside may be private", async () => {
  const inside = { "https://data.example/": { privateAddresses: true } };
  const store = { "s3://bucket/": { endpoint: "https://data.example", privateAddresses: true } };
  assert.deepEqual(await reach("http://127.0.0.1:9000/a", undefined), { dialled: 1 });
  assert.deepEqual(await reach("http://[::1]:9000/a", undefined), { dialled: 1 });
  assert.deepEqual(await reach("http://localhost:9000/a", ["127.0.0.1", "::1"]), { dialled: 1 });
  assert.deepEqual(await reach("http://minio:9000/a", ["172.18.0.2"]), { dialled: 1 });
  assert.deepEqual(await reach("https://data.example/a", ["10.0.0.1"], inside), { dialled: 1 });
  assert.deepEqual(await reach("s3://bucket/a", ["10.0.0.1"], store), { dialled: 1 });
  for (const address of ["169.254.169.254", "::ffff:169.254.169.254", "fe80::1", "fd00:ec2::254"]) {
    for (const host of ["http://metadata/a", "http://localhost/a", "https://data.example/a"]) {
      const { code } = await reach(host, [address], inside);
      assert.equal(code, "origin-not-allowed", `${host} ${address}`);
    }
  }
});

Deno.test("where the process may not look names up, the runtime's own refusals count", async () => {
  assert.deepEqual(await reach("https://data.example/a", undefined), { dialled: 1 });
});

Deno.test("a redirect's host is looked up too", async () => {
  const dialled: string[] = [];
  const origin = originsFor({
    concurrentPerOrigin: 1,
    requestTimeoutMs: 1000,
    settings: { "https://data.example/": { redirects: ["login.example"] } },
    resolve: (name) => Promise.resolve([name === "login.example" ? "10.0.0.1" : "8.8.8.8"]),
    fetch: (input) => {
      dialled.push(String(input));
      const headers = { location: "https://login.example/x" };
      return Promise.resolve(new Response(null, { status: 302, headers }));
    },
  })(["https://data.example/"]);
  const read = origin.read({ url: new URL("https://data.example/a") }, RANGE);
  await assert.rejects(read, (fault: OriginError) => fault.code === "origin-not-allowed");
  assert.deepEqual(dialled, ["https://data.example/a"]);
});

Deno.test("a name that cannot be looked up is an origin that cannot be reached", async () => {
  let looks = 0;
  const origin = originsFor({
    concurrentPerOrigin: 1,
    requestTimeoutMs: 1000,
    resolve: () => {
      looks++;
      return Promise.reject(new Error("ENOTFOUND"));
    },
    fetch: () => Promise.reject(new Error("never")),
  })(["https://data.example/"]);
  const read = origin.read({ url: new URL("https://data.example/a") }, RANGE);
  await assert.rejects(read, (fault: OriginError) => fault.code === "origin-unavailable");
  assert.equal(looks, 3, "it is retried");
});
