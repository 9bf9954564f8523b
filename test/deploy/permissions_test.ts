import assert from "node:assert/strict";
import { permissionFlags, shellWords, variablesOf } from "../../deploy/permissions.ts";
import { parseCatalog } from "../../src/catalog/catalog_file.ts";

Deno.test("the permissions of a catalog are its hosts, its files and its variables, nothing else", async () => {
  const text = JSON.stringify({
    datasets: {
      mur: { url: "s3://indexes/mur.parq", origins: ["s3://mur-sst/v1/", "gs://b/"] },
      local: { url: "/data/a.json", origins: ["/archive/"] },
      web: { url: "http://example.org:8080/x.json", origins: ["https://data.example.gov/x/"] },
    },
    origins: {
      "s3://mur-sst/": { region: "us-west-2", anonymous: true },
      "s3://indexes/": { endpoint: "http://127.0.0.1:9000", accessKeyId: "$KEY" },
      "https://data.example.gov/": { redirects: ["login.example.gov"] },
    },
  });
  const config = parseCatalog(text, () => "value");
  const flags = await permissionFlags(config, new URL("file:///srv/"), {
    listen: "127.0.0.1:8000",
    variables: variablesOf(text),
    file: "/srv/catalog.json",
  });
  assert.deepEqual(flags, [
    "--allow-net=127.0.0.1:8000,127.0.0.1:9000,mur-sst.s3.us-west-2.amazonaws.com:443," +
    "storage.googleapis.com:443,example.org:8080,data.example.gov:443,login.example.gov:443",
    "--deny-net=169.254.0.0/16,[fd00:ec2::254],100.100.100.200,metadata.google.internal",
    "--allow-read=/srv/catalog.json,/data/a.json,/archive/",
    "--allow-env=KEY",
  ]);
});

Deno.test("a path that no permission can name is refused, not taken for two", async () => {
  const config = parseCatalog('{"datasets": {"a": {"url": "/data/a,b.json"}}}', () => undefined);
  await assert.rejects(
    permissionFlags(config, new URL("file:///srv/"), { listen: "[::1]:0", variables: [] }),
    { name: "UsageError", message: /\/data\/a,b\.json$/ },
  );
});

Deno.test("flags are printed as a shell reads them", () => {
  assert.equal(shellWords(["--a=[::1]:80,x", "b c", "it's"]), `--a=[::1]:80,x 'b c' 'it'\\''s'`);
});
