import assert from "node:assert/strict";
import { dirname, join, relative } from "node:path";

const ROOT = new URL("..", import.meta.url).pathname.replace(/\/$/, "");

/** What each layer may import. Data flows one way: main → deploy → handlers → src ← manifests. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  "src": ["src"],
  "handlers": ["handlers", "src"],
  "manifests": ["manifests", "src"],
  "deploy": ["deploy", "handlers", "manifests", "src"],
};
const CORE = ["src", "handlers", "manifests"];

async function* modules(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(join(ROOT, folder))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory) yield* modules(path);
    else if (/\.tsx?$/.test(entry.name)) yield path;
  }
}

function imports(source: string): string[] {
  const pattern =
    /(?:^|\n)\s*(?:import|export)[^"';]*?from\s+"([^"]+)"|import\(\s*"([^"]+)"|(?:^|\n)import\s+"([^"]+)"/g;
  return [...source.matchAll(pattern)].map((match) => match[1] ?? match[2] ?? match[3]);
}

for (const layer of Object.keys(MAY_IMPORT)) {
  Deno.test(`${layer}/ imports only ${MAY_IMPORT[layer].join(", ")}`, async () => {
    for await (const path of modules(layer)) {
      for (const specifier of imports(await Deno.readTextFile(join(ROOT, path)))) {
        if (!specifier.startsWith(".")) continue;
        const target = relative(ROOT, join(ROOT, dirname(path), specifier)).split("/")[0];
        assert.ok(MAY_IMPORT[layer].includes(target), `${path} imports ${specifier}`);
      }
    }
  });
}

Deno.test("the core is free of the runtime: no Deno.*, of Node's modules only node:zlib", async () => {
  for (const layer of CORE) {
    for await (const path of modules(layer)) {
      const source = await Deno.readTextFile(join(ROOT, path));
      const code = source.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
      assert.ok(!/\bDeno\./.test(code), `${path} uses Deno.*`);
      assert.ok(!/\bprocess\.|\bBuffer\./.test(code), `${path} uses Node's globals`);
      for (const specifier of imports(source)) {
        assert.ok(
          !specifier.startsWith("node:") || specifier === "node:zlib",
          `${path} imports ${specifier}`,
        );
      }
    }
  }
});

Deno.test("every import of the core is pinned in deno.json", async () => {
  const { imports: pinned } = JSON.parse(await Deno.readTextFile(join(ROOT, "deno.json")));
  for (const target of Object.values(pinned) as string[]) {
    assert.match(target, /^npm:(@[\w.-]+\/)?[\w.-]+@\d+\.\d+\.\d+/, target);
  }
  for (const layer of [...CORE, "deploy"]) {
    for await (const path of modules(layer)) {
      for (const specifier of imports(await Deno.readTextFile(join(ROOT, path)))) {
        if (specifier.startsWith(".") || specifier.startsWith("node:")) continue;
        const known = Object.keys(pinned).some((name) =>
          specifier === name || specifier.startsWith(`${name}/`)
        );
        assert.ok(known, `${path} imports ${specifier}, which deno.json does not pin`);
      }
    }
  }
});

Deno.test("no module is named for what it is not: utils, helpers, common, misc, manager", async () => {
  for (const layer of [...CORE, "deploy"]) {
    for await (const path of modules(layer)) {
      assert.doesNotMatch(path, /(^|[/_])(utils?|helpers?|common|misc|managers?)([_.]|$)/);
    }
  }
});
