import assert from "node:assert/strict";
import { OriginError } from "../../../src/errors.ts";
import { type OriginSettings, originsFor } from "../../../src/origin/mod.ts";
import { seededBytes } from "../../conformance/origin.ts";
import { REFUSED } from "./refused_urls.ts";
import { type Answer, startOrigin } from "../../faults/origin_server.ts";

const BYTES = seededBytes(5000);
const SECRETS = [
  "authorization",
  "cookie",
  "x-api-key",
  "x-amz-security-token",
  "x-amz-date",
  "proxy-authorization",
];
const RANGE = { offset: 10, length: 100 };

/** Two hosts: `data`, which the dataset may read, and `other`. Both record what they are sent. */
async function hosts(settings: (other: string) => Record<string, OriginSettings> = () => ({})) {
  const data = await startOrigin({ files: { "/a": BYTES } });
  const other = await startOrigin({ files: { "/a": BYTES } });
  const origin = originsFor({
    concurrentPerOrigin: 4,
    requestTimeoutMs: 5000,
    settings: {
      [data.url]: {
        bearer: "data-token",
        headers: { "X-Api-Key": "key", "x-amz-security-token": "session", cookie: "a=b" },
        redirects: [new URL(other.url).host],
      },
      ...settings(other.url),
    },
  })([data.url]);
  return {
    data,
    other,
    read: () => origin.read({ url: new URL("a", data.url) }, RANGE),
    [Symbol.asyncDispose]: async () => {
      await data.stop();
      await other.stop();
    },
  };
}

function isRedirect(fault: unknown): boolean {
  assert.ok(fault instanceof OriginError, `${fault}`);
  assert.equal(fault.code, "origin-redirect");
  return true;
}

Deno.test("without an opt-in no redirect is followed, not even on the same host", async () => {
  await using data = await startOrigin({ files: { "/a": BYTES, "/b": BYTES } });
  const origin = originsFor({ concurrentPerOrigin: 4, requestTimeoutMs: 5000 })([data.url]);
  for (const location of ["/b", `${data.url}b`, "http://169.254.169.254/", "//127.0.0.1:1/"]) {
    data.heal();
    data.fault("/a", { kind: "redirect", location });
    await assert.rejects(origin.read({ url: new URL("a", data.url) }, RANGE), isRedirect);
  }
  assert.deepEqual(new Set(data.requests.map((r) => r.path)), new Set(["/a"]));
});

Deno.test("an allowed redirect is followed, and the other host gets no credential", async () => {
  await using setting = await hosts();
  const { data, other } = setting;
  for (const status of [301, 302, 303, 307, 308]) {
    data.fault("/a", { kind: "redirect", location: `${other.url}a`, status }, { times: 1 });
    assert.deepEqual(await (await setting.read()).bytes(), BYTES.slice(10, 110));
  }
  assert.equal(data.requests[0].headers.authorization, "Bearer data-token");
  assert.equal(data.requests[0].headers["x-api-key"], "key");
  assert.equal(other.requests.length, 5);
  for (const request of other.requests) {
    for (const name of SECRETS) assert.equal(request.headers[name], undefined, name);
    assert.ok(!JSON.stringify(request).includes("token"));
    assert.equal(request.headers.range, "bytes=10-109");
  }
});

Deno.test("a redirect to a host with credentials of its own gets those alone", async () => {
  await using setting = await hosts((other) => ({
    [other]: { basic: { user: "ü", password: "p:w" } },
  }));
  setting.data.fault("/a", { kind: "redirect", location: `${setting.other.url}a` });
  await (await setting.read()).cancel();
  const { headers } = setting.other.requests[0];
  assert.equal(
    headers.authorization,
    `Basic ${new TextEncoder().encode("ü:p:w").toBase64()}`,
  );
  assert.equal(headers["x-api-key"], undefined);
});

Deno.test("redirects elsewhere than to the hosts that were opted in are refused", async () => {
  await using setting = await hosts();
  const { port } = setting.other;
  const places = [
    "http://127.0.0.1:1/a",
    `http://127.0.0.2:${port}/a`,
    `http://localhost:${port}/a`,
    `http://[::1]:${port}/a`,
    `http://user:pw@127.0.0.1:${port}/a`,
    `http://user@127.0.0.1:${port}/a`,
    "http://169.254.169.254/latest/meta-data/",
    "file:///etc/passwd",
    "data:text/plain,hello",
    "s3://bucket/key",
    "http://[",
    "",
  ];
  for (const location of places) {
    setting.data.heal();
    setting.data.fault("/a", { kind: "redirect", location });
    await assert.rejects(setting.read(), isRedirect, location);
  }
  assert.equal(setting.other.requests.length, 0);
});

Deno.test("a redirect to any spelling of another place opens no socket there", async () => {
  const asked: string[] = [];
  let location = "";
  const origin = originsFor({
    concurrentPerOrigin: 1,
    requestTimeoutMs: 1000,
    settings: { "https://start.example/": { redirects: ["login.example", "*.cdn.example"] } },
    fetch: (input) => {
      asked.push(String(input));
      return Promise.resolve(new Response(null, { status: 302, headers: { location } }));
    },
  })(["https://start.example/"]);
  for (const text of REFUSED) {
    // a header cannot hold the others
    location = URL.canParse(text) ? new URL(text).href : encodeURI(text);
    asked.length = 0;
    await assert.rejects(
      origin.read({ url: new URL("https://start.example/a") }, RANGE),
      isRedirect,
      text,
    );
    // what cannot be a URL is relative to the host that was asked, and stays there
    for (const url of asked) assert.equal(new URL(url).host, "start.example", text);
  }
});

Deno.test("a redirect from https to http is refused", async () => {
  const asked: string[] = [];
  const origin = originsFor({
    concurrentPerOrigin: 1,
    requestTimeoutMs: 1000,
    settings: { "https://data.example/": { redirects: ["data.example", "*.cdn.example"] } },
    fetch: (input) => {
      asked.push(String(input));
      return Promise.resolve(
        new Response(null, { status: 302, headers: { location: "http://data.example/a" } }),
      );
    },
  })(["https://data.example/"]);
  await assert.rejects(origin.read({ url: new URL("https://data.example/a") }, RANGE), isRedirect);
  assert.deepEqual(asked, ["https://data.example/a"]);
});

Deno.test("a wildcard allows names below a domain, not the domain, a port or a private name", async () => {
  const asked: string[] = [];
  let location = "";
  const origin = originsFor({
    concurrentPerOrigin: 1,
    requestTimeoutMs: 1000,
    settings: {
      "https://data.example/": { redirects: ["*.cdn.example", "*.localhost", "*.0.0.1"] },
    },
    fetch: (input) => {
      asked.push(String(input));
      return Promise.resolve(
        asked.length % 2 === 1
          ? new Response(null, { status: 302, headers: { location } })
          : new Response(new Uint8Array(100), {
            status: 206,
            headers: { "content-range": "bytes 10-109/5000", "content-length": "100" },
          }),
      );
    },
  })(["https://data.example/"]);
  const read = () => origin.read({ url: new URL("https://data.example/a") }, RANGE);
  location = "https://d1.cdn.example/a?Signature=x";
  await (await read()).bytes();
  assert.equal(asked[1], location);
  for (
    const place of [
      "https://cdn.example/",
      "https://xcdn.example/",
      "https://a.cdn.example:444/",
      "https://a.localhost/",
      "https://127.0.0.1/",
    ]
  ) {
    asked.length = 0;
    location = place;
    await assert.rejects(read(), isRedirect, place);
    assert.equal(asked.length, 1, place);
  }
});

Deno.test("a redirect keeps within the dataset's prefixes, path included, at every hop", async () => {
  const paths: string[] = [];
  let hops: string[] = [];
  await using other = await startOrigin({
    answer: ({ path }): Answer => {
      paths.push(`other${path}`);
      const location = hops.shift();
      return location ? { status: 302, headers: { location } } : part();
    },
  });
  await using data = await startOrigin({
    answer: ({ path }): Answer => {
      paths.push(path);
      const location = hops.shift();
      return location ? { status: 302, headers: { location } } : part();
    },
  });
  const part = (): Answer => ({
    status: 206,
    headers: { "content-range": "bytes 10-109/5000" },
    body: BYTES.slice(10, 110),
  });
  const host = new URL(data.url).host;
  const redirects = [new URL(other.url).host, `${host}/login`, `${host}/sso/`];
  const origins = originsFor({
    concurrentPerOrigin: 4,
    requestTimeoutMs: 5000,
    settings: { [data.url]: { redirects } },
  });
  const cases: Array<[allow: string[], hops: string[], refusedAt?: number]> = [
    [[], ["/public/b"]],
    [[], ["/private/a"], 0],
    [[], ["/public/../private/a"], 0],
    [[], ["/public/%2e%2e/private/a"], 0],
    [[], ["/publicity"], 0],
    [[], ["/login?code=1", "/public/a"]],
    [[], ["/login/x"], 0],
    [[], ["/sso/x?code=1", "/public/a"]],
    [[], ["/sso/../private/a"], 0],
    [[], [`${other.url}x`, `${data.url}public/a`]],
    [[], [`${other.url}x`, `${data.url}private/a`], 1],
    // a host that the dataset has prefixes on is bound by them
    [[`${other.url}open/`], [`${other.url}open/a`]],
    [[`${other.url}open/`], [`${other.url}secret/a`], 0],
  ];
  for (const [allow, locations, refusedAt] of cases) {
    hops = [...locations];
    paths.length = 0;
    const origin = origins([`${data.url}public/`, ...allow]);
    const read = origin.read({ url: new URL("public/a", data.url) }, RANGE);
    if (refusedAt === undefined) assert.deepEqual(await (await read).bytes(), BYTES.slice(10, 110));
    else {
      await assert.rejects(read, isRedirect, locations.join());
      assert.equal(paths.length, refusedAt + 1, locations.join());
    }
  }
});

Deno.test("at most three redirects are followed", async () => {
  const hop = (n: number) => ({ status: 302, headers: { location: `/hop${n}` } });
  let hops = 3;
  await using data = await startOrigin({
    files: { "/a": BYTES },
    answer: ({ path }): Answer => {
      const n = path === "/a" ? 0 : Number(path.slice("/hop".length));
      return n < hops ? hop(n + 1) : {
        status: 206,
        headers: { "content-range": "bytes 10-109/5000" },
        body: BYTES.slice(10, 110),
      };
    },
  });
  const origin = originsFor({
    concurrentPerOrigin: 4,
    requestTimeoutMs: 5000,
    settings: { [data.url]: { redirects: ["elsewhere.example"] } },
  })([data.url]);
  const read = () => origin.read({ url: new URL("a", data.url) }, RANGE);
  assert.deepEqual(await (await read()).bytes(), BYTES.slice(10, 110));
  hops = 4;
  data.requests.length = 0;
  await assert.rejects(read(), isRedirect);
  assert.equal(data.requests.length, 4);
});

Deno.test("a login in Earthdata's style: its host gets the password, each host its own cookie", async () => {
  const password = `Basic ${btoa("reader:secret")}`;
  await using login = await startOrigin({
    answer: ({ path, headers }): Answer => {
      if (headers.authorization !== password) return { status: 401 };
      const back = new URL(path, "http://x").searchParams.get("back")!;
      return {
        status: 302,
        headers: { location: `${back}login?code=1`, "set-cookie": "session=urs; Path=/; HttpOnly" },
      };
    },
  });
  await using data = await startOrigin({
    answer: ({ path, headers }): Answer => {
      if (path.startsWith("/login?code=1")) {
        return {
          status: 302,
          headers: { location: "/a", "set-cookie": "token=data; Path=/; Domain=127.0.0.1" },
        };
      }
      if (headers.cookie !== "token=data") {
        const location = `${login.url}authorize?back=${encodeURIComponent(data.url)}`;
        return { status: 302, headers: { location } };
      }
      return {
        status: 206,
        headers: { "content-range": "bytes 10-109/5000" },
        body: BYTES.slice(10, 110),
      };
    },
  });
  const origin = originsFor({
    concurrentPerOrigin: 4,
    requestTimeoutMs: 5000,
    settings: {
      [data.url]: { redirects: [new URL(login.url).host] },
      [login.url]: { basic: { user: "reader", password: "secret" } },
    },
  })([data.url]);
  const read = () => origin.read({ url: new URL("a", data.url) }, RANGE);
  assert.deepEqual(await (await read()).bytes(), BYTES.slice(10, 110));
  assert.deepEqual(await (await read()).bytes(), BYTES.slice(10, 110));
  assert.equal(login.requests.length, 1, "the second read needs no login");
  for (const { headers } of data.requests) assert.equal(headers.authorization, undefined);
  for (const { headers } of login.requests) assert.equal(headers.cookie, undefined);
});
