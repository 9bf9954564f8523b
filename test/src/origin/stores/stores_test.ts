import assert from "node:assert/strict";
import { OriginError } from "../../../../src/errors.ts";
import { type OriginSettings, originsFor } from "../../../../src/origin/mod.ts";
import { bucketUrl } from "../../../../src/origin/stores/s3_address.ts";
import { elements, elementText, parseXml } from "../../../../src/origin/stores/xml.ts";

const RANGE = { offset: 0, length: 4 };

interface Sent {
  readonly url: string;
  readonly headers: Record<string, string>;
}

/** Reads `url` with `settings` for its host; gives what was sent to the network. */
async function sent(
  url: string,
  settings: OriginSettings,
  answer: (request: Sent) => Response = () => part(),
): Promise<Sent[]> {
  const requests: Sent[] = [];
  const parsed = new URL(url);
  const user = parsed.username === "" ? "" : `${parsed.username}@`;
  const prefix = `${parsed.protocol}//${user}${parsed.host}/`;
  const origin = originsFor({
    concurrentPerOrigin: 1,
    requestTimeoutMs: 1000,
    settings: { [prefix]: settings },
    fetch: (input, init) => {
      const request = {
        url: String(input),
        headers: Object.fromEntries(new Headers(init?.headers)),
      };
      requests.push(request);
      return Promise.resolve(answer(request));
    },
  })([prefix]);
  await (await origin.read({ url: parsed }, RANGE)).bytes();
  return requests;
}

function part(): Response {
  return new Response(new Uint8Array(4), {
    status: 206,
    headers: { "content-range": "bytes 0-3/10", "content-length": "4" },
  });
}

const ADDRESSES: Array<[url: string, settings: OriginSettings, http: string]> = [
  ["s3://bucket/a/b.nc", {}, "https://bucket.s3.amazonaws.com/a/b.nc"],
  [
    "s3://bucket/a.nc",
    { region: "us-west-2" },
    "https://bucket.s3.us-west-2.amazonaws.com/a.nc",
  ],
  [
    "s3://bucket/a.nc",
    { region: "cn-north-1" },
    "https://bucket.s3.cn-north-1.amazonaws.com.cn/a.nc",
  ],
  [
    "s3://dotted.bucket/a.nc",
    { region: "eu-west-1" },
    "https://s3.eu-west-1.amazonaws.com/dotted.bucket/a.nc",
  ],
  [
    "s3://Old_Bucket/a.nc",
    { region: "eu-west-1" },
    "https://s3.eu-west-1.amazonaws.com/Old_Bucket/a.nc",
  ],
  [
    "s3://bucket/a.nc",
    { region: "us-west-2", pathStyle: true },
    "https://s3.us-west-2.amazonaws.com/bucket/a.nc",
  ],
  ["s3://bucket/a.nc", { endpoint: "http://127.0.0.1:9" }, "http://127.0.0.1:9/bucket/a.nc"],
  ["s3://bucket/a.nc", { endpoint: "https://h/base/" }, "https://h/base/bucket/a.nc"],
  [
    "s3://bucket/a.nc",
    { endpoint: "https://r2.example", pathStyle: false },
    "https://bucket.r2.example/a.nc",
  ],
  [
    "s3://bucket/a//b+c%20d%25%3F%23&=!'()*~é.nc",
    { endpoint: "http://h" },
    "http://h/bucket/a//b%2Bc%20d%25%3F%23%26%3D%21%27%28%29%2A~%C3%A9.nc",
  ],
  ["gs://bucket/a b.nc", {}, "https://storage.googleapis.com/bucket/a%20b.nc"],
  ["gcs://bucket/a.nc", { endpoint: "http://h:1/" }, "http://h:1/bucket/a.nc"],
  ["az://c/a/b.nc", { account: "acc" }, "https://acc.blob.core.windows.net/c/a/b.nc"],
  ["az://c/a.nc", { endpoint: "http://h/acc" }, "http://h/acc/c/a.nc"],
  [
    "az://c/a.nc",
    { account: "acc", sas: "?sv=1&sig=x%2B" },
    "https://acc.blob.core.windows.net/c/a.nc?sv=1&sig=x%2B",
  ],
  ["abfs://c@acc.dfs.core.windows.net/a.nc", {}, "https://acc.blob.core.windows.net/c/a.nc"],
  ["abfss://c@acc.dfs.core.windows.net/a.nc", {}, "https://acc.blob.core.windows.net/c/a.nc"],
  [
    "https://acc.blob.core.windows.net/c/a%20b/c.nc",
    {},
    "https://acc.blob.core.windows.net/c/a%20b/c.nc",
  ],
  [
    "https://acc.blob.core.windows.net/d/a.nc?snapshot=1",
    { sas: "sig=x" },
    "https://acc.blob.core.windows.net/d/a.nc?snapshot=1&sig=x",
  ],
];

for (const [url, settings, http] of ADDRESSES) {
  Deno.test(`${url} with ${JSON.stringify(Object.keys(settings))} is read at ${http}`, async () => {
    const [request] = await sent(url, settings);
    assert.equal(request.url, http);
    assert.equal(new URL(http).href, http, "fetch sends it as it is");
    assert.equal(request.headers.range, "bytes=0-3");
    assert.equal(request.headers["accept-encoding"], "identity");
    assert.equal(request.headers.authorization, undefined);
  });
}

const KEYS = { accessKeyId: "AKID", secretAccessKey: "SECRET" };
const CREDENTIALS: Array<[url: string, settings: OriginSettings, headers: Record<string, RegExp>]> =
  [
    ["s3://b-1/k", { ...KEYS, region: "us-west-2" }, {
      authorization:
        /^AWS4-HMAC-SHA256 Credential=AKID\/\d{8}\/us-west-2\/s3\/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=[0-9a-f]{64}$/,
      "x-amz-date": /^\d{8}T\d{6}Z$/,
    }],
    ["s3://b-1/k", { ...KEYS, sessionToken: "SESSION", requesterPays: true }, {
      authorization: /x-amz-date;x-amz-request-payer;x-amz-security-token, /,
      "x-amz-security-token": /^SESSION$/,
      "x-amz-request-payer": /^requester$/,
    }],
    ["gs://b-1/k", { bearer: "TOKEN", requesterPays: "project" }, {
      authorization: /^Bearer TOKEN$/,
      "x-goog-user-project": /^project$/,
    }],
    ["gs://b-1/k", KEYS, { authorization: /\/auto\/s3\/aws4_request/ }],
    ["az://c/k", { account: "acc", bearer: "TOKEN" }, {
      authorization: /^Bearer TOKEN$/,
      "x-ms-version": /^\d{4}-\d\d-\d\d$/,
    }],
    ["https://h.example/k", { bearer: "TOKEN" }, { authorization: /^Bearer TOKEN$/ }],
    ["https://h.example/k", { basic: { user: "a", password: "b" } }, {
      authorization: /^Basic YTpi$/,
    }],
    ["https://h.example/k", { headers: { "X-Api-Key": "KEY" } }, { "x-api-key": /^KEY$/ }],
  ];

for (const [url, settings, headers] of CREDENTIALS) {
  Deno.test(`${url} with ${Object.keys(settings)} sends its credentials in headers only`, async () => {
    const [request] = await sent(url, settings);
    for (const [name, value] of Object.entries(headers)) assert.match(request.headers[name], value);
    assert.doesNotMatch(request.url, /AKID|SECRET|TOKEN|SESSION|KEY|YTpi/);
    assert.ok(!JSON.stringify(request).includes('SECRET"'));
    const [anonymous] = await sent(url, { ...settings, anonymous: true });
    assert.equal(anonymous.headers.authorization, undefined);
  });
}

Deno.test("Amazon's word for a bucket's region is taken, once, and only for its own hosts", async () => {
  const elsewhere = (status: number) => (request: Sent) =>
    request.url.includes(".eu-west-1.")
      ? part()
      : new Response("<Error/>", { status, headers: { "x-amz-bucket-region": "eu-west-1" } });
  for (const status of [301, 307, 400]) {
    const requests = await sent(
      "s3://bucket/k",
      { ...KEYS, region: "us-east-1" },
      elsewhere(status),
    );
    assert.deepEqual(requests.map((r) => new URL(r.url).host), [
      "bucket.s3.us-east-1.amazonaws.com",
      "bucket.s3.eu-west-1.amazonaws.com",
    ]);
    assert.match(requests[1].headers.authorization, /\/eu-west-1\//);
  }
  const other = (region: string) => () =>
    new Response("", { status: 301, headers: { "x-amz-bucket-region": region } });
  for (const region of ["evil.example/", "", "us-east-1"]) {
    let count = 0;
    await assert.rejects(
      sent("s3://bucket/k", { region: "us-east-1" }, () => {
        count++;
        return other(region)();
      }),
      (fault: OriginError) => fault.code === "origin-redirect",
    );
    assert.equal(count, 1, region);
  }
  await assert.rejects(
    sent("s3://bucket/k", { endpoint: "https://h.example" }, other("eu-west-1")),
    (fault: OriginError) => fault.code === "origin-redirect",
  );
});

Deno.test("a missing bucket, or a container that may not be seen, is not an absent object: read or looked at", async () => {
  const endpoint = { endpoint: "http://h" };
  const amazon = { "x-amz-request-id": "1" };
  const cases: Array<
    [url: string, settings: OriginSettings, answer: () => Response, absent: boolean]
  > = [
    ["s3://b-1/k", endpoint, () => xml(404, "NoSuchBucket"), false],
    ["s3://b-1/k", endpoint, () => xml(404, "NoSuchKey"), true],
    ["s3://b-1/k", endpoint, () => new Response(null, { status: 404 }), false],
    ["s3://b-1/k", endpoint, () => new Response("<html>", { status: 404 }), false],
    ["gs://b-1/k", {}, () => xml(404, "NoSuchBucket"), false],
    ["gs://b-1/k", {}, () => xml(404, "NoSuchKey"), true],
    ["https://b.s3.amazonaws.com/k", {}, () => xml(404, "NoSuchBucket", amazon), false],
    ["https://b.s3.amazonaws.com/k", {}, () => xml(404, "NoSuchKey", amazon), true],
    ["https://plain.example/k", {}, () => new Response("<html>", { status: 404 }), true],
    ["az://c/k", endpoint, () => azure(404, "ContainerNotFound"), false],
    ["az://c/k", endpoint, () => azure(404, "ResourceNotFound"), false],
    ["az://c/k", endpoint, () => azure(404, "BlobNotFound"), true],
    ["az://c/k", endpoint, () => xml(404, "BlobNotFound"), true],
    ["az://c/k", endpoint, () => new Response(null, { status: 404 }), false],
  ];
  for (const [text, settings, answer, absent] of cases) {
    const url = new URL(text);
    const prefix = `${url.protocol}//${url.host}/`;
    const origin = originsFor({
      concurrentPerOrigin: 1,
      requestTimeoutMs: 1000,
      settings: { [prefix]: settings },
      fetch: (_, init) => {
        const { status, headers, body } = answer();
        return Promise.resolve(
          new Response(init?.method === "HEAD" ? null : body, { status, headers }),
        );
      },
    })([prefix]);
    for (const run of [origin.read({ url }, RANGE), origin.head({ url })]) {
      await assert.rejects(run, (fault: OriginError) => {
        assert.equal(fault.code, "reference-unreachable");
        assert.equal(fault.absent, absent, text);
        return true;
      });
    }
  }
});

function xml(status: number, code: string, headers: Record<string, string> = {}): Response {
  const text = `<?xml version="1.0"?><Error><Code>${code}</Code></Error>`;
  return new Response(text, { status, headers });
}

function azure(status: number, code: string): Response {
  return new Response("", { status, headers: { "x-ms-error-code": code } });
}

Deno.test("the first reference's spelling of a host takes no credentials from the others", async () => {
  const requests: Sent[] = [];
  const prefix = "https://acc.blob.core.windows.net/";
  const origins = originsFor({
    concurrentPerOrigin: 1,
    requestTimeoutMs: 1000,
    settings: { [prefix]: { sas: "sig=x" } },
    fetch: (input, init) => {
      const headers = Object.fromEntries(new Headers(init?.headers));
      requests.push({ url: String(input), headers });
      return Promise.resolve(part());
    },
  });
  for (const host of ["acc.blob.core.windows.net.", "acc.blob.core.windows.net"]) {
    const url = new URL(`https://${host}/c/a.nc`);
    await (await origins([prefix]).read({ url }, RANGE)).bytes();
  }
  for (const { url, headers } of requests) {
    assert.equal(url, `${prefix}c/a.nc?sig=x`);
    assert.ok(headers["x-ms-version"]);
  }
  assert.equal(requests.length, 2);
});

Deno.test("signatures follow the clock of a store that refuses ours", async () => {
  for (const ahead of [-3600_000, 86_400_000]) {
    const dates: number[] = [];
    const theirs = () => Date.now() + ahead;
    const answer = ({ headers }: Sent) => {
      const [, y, mo, d, h, mi, s] = /^(....)(..)(..)T(..)(..)(..)Z$/.exec(headers["x-amz-date"])!;
      const at = Date.UTC(+y, +mo - 1, +d, +h, +mi, +s);
      dates.push(at);
      if (Math.abs(at - theirs()) < 900_000) return part();
      const date = new Date(theirs()).toUTCString();
      return new Response("<Error><Code>RequestTimeTooSkewed</Code></Error>", {
        status: 403,
        headers: { date },
      });
    };
    await sent("s3://b-1/k", { ...KEYS, region: "us-west-2" }, answer);
    assert.equal(dates.length, 2);
    assert.ok(Math.abs(dates[1] - theirs()) < 60_000);
  }
  // what is refused for another reason is not asked for twice
  let count = 0;
  const refused = sent("s3://b-1/k", KEYS, () => {
    count++;
    return new Response(null, { status: 403, headers: { date: new Date().toUTCString() } });
  });
  await assert.rejects(refused, (fault: OriginError) => fault.context.originStatus === 403);
  assert.equal(count, 1);
});

Deno.test("credentials that no header may have are refused at start, by name and not by value", () => {
  const cases: Array<[string, OriginSettings]> = [
    ["bearer", { bearer: "hid\nden" }],
    ["bearer", { bearer: "hidden\u0000" }],
    ["bearer", { bearer: "hidden\u20ac" }],
    ["secretAccessKey", { accessKeyId: "a", secretAccessKey: "hidden\r" }],
    ["sessionToken", { sessionToken: "hidden\u007f" }],
    ["sas", { sas: "sig=hidden\n" }],
    ["basic.password", { basic: { user: "a", password: "hidden\n" } }],
    ["headers.X-Api-Key", { headers: { "X-Api-Key": "hidden\n" } }],
  ];
  for (const [name, own] of cases) {
    const make = () =>
      originsFor({
        concurrentPerOrigin: 1,
        requestTimeoutMs: 1,
        settings: { "https://h.example/": own },
      });
    assert.throws(make, (fault: Error) => {
      assert.ok(fault.message.includes(name), fault.message);
      assert.ok(!fault.message.includes("hidden") && !fault.message.includes("den"), name);
      return true;
    });
  }
});

Deno.test("an az:// container without an account or endpoint says what to set", async () => {
  await assert.rejects(sent("az://c/k", {}), /must set "account" or "endpoint"/);
});

Deno.test("a region that is none reaches no host", () => {
  for (const region of ["us east", "x.evil.example", "../", ""]) {
    assert.throws(() => bucketUrl("bucket", { region }), OriginError, region);
  }
});

Deno.test("XML is parsed with its entities resolved; what is malformed or nested deep is none", async () => {
  const text = '<a><b>1 &lt; 2 &amp; &#51; &#x34;</b><b/><n:b x="y">z</n:b><bc>no</bc></a>';
  const root = await parseXml(text);
  assert.deepEqual(elements(root, "b").map(({ text }) => text), ["1 < 2 & 3 4", "", "z"]);
  assert.equal(elementText(root, "b"), "1 < 2 & 3 4");
  assert.equal(elementText(root, "d"), undefined);
  for (
    const bad of ["", "no", "<a>", "<a></b>", "<a>&no;</a>", "<a>".repeat(99) + "</a>".repeat(99)]
  ) {
    assert.equal(await parseXml(bad), undefined, bad);
  }
});

Deno.test("no XML of a megabyte keeps the event loop, well-formed or not", async () => {
  const item = "<Contents><Key>a&amp;b</Key><Size>1</Size></Contents>";
  const texts = [
    `<ListBucketResult>${item.repeat(32_000)}</ListBucketResult>`,
    `<ListBucketResult>${"<Contents".repeat(190_000)}`,
    `<ListBucketResult>${"<Contents>".repeat(170_000)}`,
    `<ListBucketResult>${"&".repeat(1_700_000)}`,
    `<ListBucketResult ${"a='b' ".repeat(280_000)}>`,
    `<ListBucketResult>${"<!--".repeat(400_000)}`,
  ];
  const parsed = await Promise.all(texts.map(async (text) => {
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const root = await parseXml(text);
    clearInterval(timer);
    return [root?.children.length, turns > 0];
  }));
  assert.deepEqual(parsed[0], [32_000, true]);
  for (const [found] of parsed.slice(1)) assert.equal(found, undefined);
});
