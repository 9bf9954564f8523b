import assert from "node:assert/strict";
import { dirname, join } from "node:path";

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

/** The parts of src, each of which may import itself and what stands before it. */
const ORDER = [
  ["errors.ts", "byte_range.ts", "linked_list.ts", "deadlines.ts", "json.ts", "did_you_mean.ts"],
  ["log.ts", "byte_cache.ts", "budget.ts", "codecs", "http"],
  ["zarr"],
  ["origin"],
  ["chunk"],
  ["manifest.ts"],
  ["catalog"],
  ["tools"],
];

interface Import {
  readonly from: string;
  readonly to: string;
}

/** Every import of one of the program's modules by another, as paths below the root. */
async function internalImports(): Promise<Import[]> {
  const found: Import[] = [];
  for (const layer of Object.keys(MAY_IMPORT)) {
    for await (const from of modules(layer)) {
      for (const specifier of imports(await Deno.readTextFile(join(ROOT, from)))) {
        if (specifier.startsWith(".")) found.push({ from, to: join(dirname(from), specifier) });
      }
    }
  }
  return found;
}

const IMPORTS = await internalImports();

for (const layer of Object.keys(MAY_IMPORT)) {
  Deno.test(`${layer}/ imports only ${MAY_IMPORT[layer].join(", ")}`, () => {
    const own = IMPORTS.filter(({ from }) => from.startsWith(`${layer}/`));
    assert.ok(own.length > 0, layer);
    assert.deepEqual(own.filter(({ to }) => !MAY_IMPORT[layer].includes(to.split("/")[0])), []);
  });
}

Deno.test("src/ is in order: errors, codecs, zarr, origin, chunk, catalog, tools", async () => {
  const place = (path: string) => ORDER.findIndex((parts) => parts.includes(path.split("/")[1]));
  for await (const path of modules("src")) assert.notEqual(place(path), -1, `${path} has no place`);
  const back = IMPORTS.filter(({ from, to }) =>
    from.startsWith("src/") && to.startsWith("src/") && place(to) > place(from)
  );
  assert.deepEqual(back, []);
});

/** A way round through files and folders that stand in one folder; undefined if there is none. */
function circle(all: readonly Import[]): string[] | undefined {
  const next = new Map<string, Set<string>>();
  for (const { from, to } of all) {
    const [a, b] = [from.split("/"), to.split("/")];
    const fork = a.findIndex((name, i) => name !== b[i]);
    if (fork < 0) continue;
    const [source, target] = [a, b].map((names) => names.slice(0, fork + 1).join("/"));
    next.set(source, (next.get(source) ?? new Set()).add(target));
  }
  const done = new Set<string>();
  const walk = (node: string, way: readonly string[]): string[] | undefined => {
    if (way.includes(node)) return [...way.slice(way.indexOf(node)), node];
    if (done.has(node)) return undefined;
    for (const target of next.get(node) ?? []) {
      const found = walk(target, [...way, node]);
      if (found) return found;
    }
    done.add(node);
    return undefined;
  };
  for (const node of next.keys()) {
    const found = walk(node, []);
    if (found) return found;
  }
  return undefined;
}

Deno.test("circle() finds folders that import each other by way of different files", () => {
  const folders = [{ from: "m/a/x.ts", to: "m/b/y.ts" }, { from: "m/b/z.ts", to: "m/a/w.ts" }];
  assert.deepEqual(circle(folders), ["m/a", "m/b", "m/a"]);
  assert.equal(circle(folders.slice(1)), undefined);
});

Deno.test("no two files or folders import each other, at any level", () => {
  assert.equal(circle(IMPORTS), undefined);
});

/** Folders of DESIGN.md §1: whoever looks for a thing opens the one with its name. */
const HOUSE: Record<string, readonly string[]> = {
  src: ["catalog", "chunk", "codecs", "http", "origin", "tools", "zarr"],
  "src/zarr": ["v2"],
  "src/origin": ["share", "stores"],
  manifests: [
    "dmrpp",
    "geotiff",
    "hdf5",
    "icechunk",
    "kerchunk",
    "netcdf3",
    "parquet",
    "references",
    "zarr",
    "zip",
  ],
};

for (const [folder, names] of Object.entries(HOUSE)) {
  Deno.test(`${folder}/ has a folder a concept: ${names.join(", ")}`, async () => {
    const found: string[] = [];
    for await (const { name, isDirectory } of Deno.readDir(join(ROOT, folder))) {
      if (isDirectory) found.push(name);
    }
    assert.deepEqual(found.sort(), names);
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
