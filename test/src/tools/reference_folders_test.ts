import assert from "node:assert/strict";
import { ReferenceFolders } from "../../../src/tools/reference_folders.ts";

const OWN = "s3://bucket/repo/";

function foldersOf(urls: readonly string[], origins: readonly string[] = []): ReferenceFolders {
  const allows = (prefix: string) => [OWN, ...origins].some((origin) => prefix.startsWith(origin));
  const folders = new ReferenceFolders(allows, OWN);
  for (const url of urls) folders.add(url);
  return folders;
}

Deno.test("the folder of a host is the one common to its references", () => {
  const folders = foldersOf([
    "s3://bucket/data/2020/a.nc",
    "s3://bucket/data/2021/b.nc",
    "https://example.org/x/a.nc",
    "s3://bucket/data/2021/c.nc",
  ]);
  assert.deepEqual(folders.all(), ["https://example.org/x/", "s3://bucket/data/"]);
  assert.deepEqual(folders.refused(), folders.all());
  assert.deepEqual(foldersOf(["s3://b/abc/1", "s3://b/abd/1"]).all(), ["s3://b/"]);
});

Deno.test("an index's own chunks ask for no origin, and widen none", () => {
  const urls = ["s3://bucket/repo/chunks/A", "s3://bucket/data/a.nc", "s3://bucket/repo/chunks/B"];
  assert.deepEqual(foldersOf(urls).all(), ["s3://bucket/data/"]);
  assert.deepEqual(foldersOf(urls, ["s3://bucket/data/"]).refused(), []);
  assert.deepEqual(foldersOf(urls.slice(0, 1)).all(), []);
});

Deno.test("what is allowed does not widen what is refused", () => {
  const urls = ["s3://bucket/data/a.nc", "s3://bucket/other/a.nc", "s3://bucket/data/b.nc"];
  const folders = foldersOf(urls, ["s3://bucket/data/"]);
  assert.deepEqual(folders.refused(), ["s3://bucket/other/"]);
  assert.deepEqual(folders.all(), ["s3://bucket/data/", "s3://bucket/other/"]);
});
