import assert from "node:assert/strict";
import { dirname, join, relative } from "node:path";

const ROOT = new URL("..", import.meta.url).pathname.replace(/\/$/, "");

/** Folders that are not the project's own text: what tools made, and what other programs wrote. */
const SKIPPED = new Set([".git", ".tmp", "node_modules", "fixtures"]);

/** The paths of all files below `folder`, relative to the project's root. */
async function* files(folder = ROOT): AsyncGenerator<string> {
  for await (const { name, isDirectory, isFile } of Deno.readDir(folder)) {
    if (SKIPPED.has(name)) continue;
    const path = join(folder, name);
    if (isDirectory) yield* files(path);
    else if (isFile) yield relative(ROOT, path);
  }
}

async function matching(pattern: RegExp): Promise<Array<{ path: string; text: string }>> {
  const found: Array<{ path: string; text: string }> = [];
  for await (const path of files()) {
    if (!pattern.test(path)) continue;
    found.push({ path, text: await Deno.readTextFile(join(ROOT, path)) });
  }
  return found;
}

/** The ids that a Markdown file's headings get on a forge. */
function anchors(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ +(.+)$/gm)].map(([, heading]) =>
    heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "").trim().replace(/\s/g, "-")
  );
}

/** The targets of Markdown's links and images, code left out. */
function links(markdown: string): string[] {
  const prose = markdown.replace(/^```.*?^```/gms, "").replace(/`[^`\n]*`/g, "");
  const inline = [...prose.matchAll(/\]\(\s*<?([^)\s>]+)>?[^)]*\)/g)];
  const named = [...prose.matchAll(/^\[[^\]]+\]:\s*(\S+)/gm)];
  return [...inline, ...named].map(([, target]) => target);
}

Deno.test("links() finds links, images and named targets, and none in code", () => {
  const text = "[a](b.md) ![c](d.png 'e') `[f](g)`\n```\n[h](i)\n```\n[j]: k.md#l\n";
  assert.deepEqual(links(text), ["b.md", "d.png", "k.md#l"]);
});

Deno.test("every relative link of a Markdown file leads to a file, and its # to a heading", async () => {
  const broken: string[] = [];
  const documents = await matching(/\.md$/);
  assert.ok(documents.length >= 5, "README, CONTRIBUTING, SECURITY, CHANGELOG and more");
  for (const { path, text } of documents) {
    for (const target of links(text)) {
      if (/^[a-z][a-z0-9+.-]*:/i.test(target)) continue;
      const [file, anchor] = target.split("#");
      const place = file === "" ? path : join(dirname(path), decodeURIComponent(file));
      const there = await Deno.stat(join(ROOT, place)).then(() => true, () => false);
      const hasHeading = there && (anchor === undefined ||
        anchors(await Deno.readTextFile(join(ROOT, place))).includes(anchor));
      if (!hasHeading) broken.push(`${path}: ${target}`);
    }
  }
  assert.deepEqual(broken, []);
});

Deno.test("the commands of README on the samples print what it shows", async () => {
  const readme = await Deno.readTextFile(join(ROOT, "README.md"));
  const shown = [...readme.matchAll(/^\$ npx -y deno@[\d.]+ task sluice (.*)\n([^$`]*)/gm)];
  assert.deepEqual(shown.map(([, words]) => words.split(" ")[0]), ["inspect", "check"]);
  for (const [, words, expected] of shown) {
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-net", "--allow-read", "--allow-env", "main.ts", ...words.split(" ")],
      cwd: ROOT,
      env: { NO_COLOR: "1" },
    }).output();
    const printed = new TextDecoder().decode(stdout).replaceAll(
      `file://${ROOT}/`,
      "file:///sluice/",
    );
    assert.equal(printed, expected, words);
  }
});

Deno.test("every module of the program begins by saying what it is", async () => {
  for (
    const { path, text } of await matching(/^(?:main|(?:src|manifests|handlers|deploy)\/.*)\.ts$/)
  ) {
    assert.match(text, /^\/\*\*[\s\S]{20,}?\*\//, path);
  }
});

/** What belongs to a machine or a tool that the project was made with, and an example of each. */
const FOREIGN: ReadonlyArray<readonly [what: string, pattern: RegExp, example: string]> = [
  [
    "a package registry's host",
    /\b(?:registry|npm|pkg|packages|proxy)\.[\w-]+\.(?:org|com|io|dev)\b/,
    "https://registry.example.org/hono",
  ],
  [
    "a package registry's host",
    /\b(?:jsr\.io|pypi\.org|npmjs\.\w+|deb\.debian\.org)\b/,
    "pypi.org",
  ],
  ["a path of one machine", /(?<![\w.}*])\/(?:work|home|root|Users|mnt|media)\/\w/, "cd /home/me"],
  ["a path of one machine", /\b[A-Z]:\\\w/, "C:\\data"],
  ["a command of one machine", /\bdeno-dev\b/, "deno-dev task ok"],
  [
    "how it came about",
    /\b(?:this|previous|earlier|last) session\b|\bsub-?agents?\b/i,
    "last session",
  ],
  ["how it came about", /\b(?:chatbot|chatgpt|gpt-\d|copilot|llms?|language model)\b/i, "an LLM"],
  ["how it came about", /\b(?:AI|coding) assistants?\b|\bas an? (?:AI|assistant)\b/i, "As an AI"],
  [
    "how it came about",
    /\b(?:generated|written|made|co-authored) (?:by|with) an? (?:AI|assistant)\b/i,
    "written by an assistant",
  ],
];

for (const [what, pattern, example] of FOREIGN) {
  Deno.test(`${what} is found: ${example}`, () => assert.match(example, pattern));
}

Deno.test("no text mentions package registries, paths of a machine, sessions or assistants", async () => {
  const found: string[] = [];
  for (
    const { path, text } of await matching(/\.(?:md|ts|js|cjs|mjs|py|jsonc?|sh|ya?ml)$|^\.ci\//)
  ) {
    if (path === "test/documentation_test.ts") continue;
    for (const [what, pattern] of FOREIGN) {
      const match = pattern.exec(text);
      if (match) found.push(`${path}: ${what}: ${match[0]}`);
    }
  }
  assert.deepEqual(found, []);
});
