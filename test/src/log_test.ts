import assert from "node:assert/strict";
import { secretsOf } from "../../src/origin/credentials.ts";
import { OriginError } from "../../src/errors.ts";
import { jsonLog, withoutSecrets } from "../../src/log.ts";

Deno.test("a log that cannot be written, or an event that cannot be told, changes nothing", () => {
  const full = jsonLog(() => {
    throw new Error("No space left on device");
  });
  full("fault", { dataset: "set" }, new Error("gone"));
  const lines: string[] = [];
  const log = jsonLog((line) => lines.push(line));
  const circle: Record<string, unknown> = {};
  circle.circle = circle;
  log("fault", circle);
  log("next", {});
  assert.equal(JSON.parse(lines[0]).event, "next");
});

Deno.test("what is a secret in the settings is in no line, whoever wrote the message", () => {
  const secrets = secretsOf({
    "https://a.example/": { bearer: "TOKEN-1234", headers: { "x-thing": 'odd"value' } },
    "https://b.example/": { basic: { user: "me", password: "pass wörd" } },
    "https://c.example/": { sas: "?sv=1&sig=abcdef" },
    "s3://d/": { accessKeyId: "AKID", secretAccessKey: "SECRET/KEY+1", sessionToken: "SESSION-9" },
  });
  const lines: string[] = [];
  const log = withoutSecrets(jsonLog((line) => lines.push(line)), secrets);
  const said = [
    "TOKEN-1234",
    "Bearer TOKEN-1234",
    'odd"value',
    "pass wörd",
    encodeURIComponent("pass wörd"),
    "sv=1&sig=abcdef",
    "SECRET/KEY+1",
    encodeURIComponent("SECRET/KEY+1"),
    "SESSION-9",
    `Basic ${new TextEncoder().encode("me:pass wörd").toBase64()}`,
  ];
  for (const text of said) {
    const runtime = new TypeError(`Invalid header: ${text}`);
    const fault = new OriginError("origin-unavailable", "down", { odd: text }, runtime);
    log("fault", { path: `/a/${text}`, deep: { list: [text] } }, fault);
    assert.ok(!lines.at(-1)!.includes(JSON.stringify(text).slice(1, -1)), lines.at(-1));
    assert.equal(lines.at(-1)!.match(/\[redacted\]/g)?.length, 4, lines.at(-1));
  }
  const circle: Record<string, unknown> = { text: said[0] };
  circle.circle = circle;
  log("fault", circle);
  assert.ok(!lines.at(-1)!.includes(said[0]));
  log("fine", { path: "/a/b" });
  assert.match(lines.at(-1)!, /"path":"\/a\/b"/);
});
