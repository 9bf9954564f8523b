import assert from "node:assert/strict";
import { KnownFiles } from "../../manifests/known_files.ts";

Deno.test("the file of a name is made once; a name without one fails each time", () => {
  let made = 0;
  const known = new KnownFiles((name: string) => {
    made++;
    return { url: new URL(name) };
  });
  const first = known.get("https://data.example/a");
  assert.equal(known.get("https://data.example/a"), first);
  assert.equal(known.get("https://data.example/b").url.pathname, "/b");
  assert.equal(made, 2);
  for (let i = 0; i < 2; i++) assert.throws(() => known.get("no URL"), TypeError);
  assert.equal(made, 4);
});
