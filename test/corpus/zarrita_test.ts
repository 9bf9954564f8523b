/**
 * zarrita's own fixtures, where they are at hand (`../shared/corpus`, or the folder that
 * `SLUICE_CORPUS` names): every array read through the gateway equals zarrita's reading of the folder.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import * as zarr from "npm:zarrita@0.7.5";
import { denoFiles } from "../../deploy/deno_files.ts";
import { createGateway } from "../../deploy/gateway.ts";
import { parseCatalog } from "../../src/catalog/catalog_file.ts";
import { CORPUS, isThere } from "./corpus.ts";

/** A store that cuts its ranges, which sharding asks for, out of whole keys. */
function withRanges(get: (key: zarr.AbsolutePath) => Promise<Uint8Array | undefined>) {
  return {
    get,
    async getRange(key: zarr.AbsolutePath, range: zarr.RangeQuery) {
      const bytes = await get(key);
      return "suffixLength" in range
        ? bytes?.slice(-range.suffixLength)
        : bytes?.slice(range.offset, range.offset + range.length);
    },
  } satisfies zarr.AsyncReadable;
}

/** The folder itself as a store. */
function folderStore(root: string) {
  return withRanges(
    async (key) => {
      try {
        return await Deno.readFile(join(root, key));
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return undefined;
        if (error instanceof Deno.errors.IsADirectory) return undefined;
        throw error;
      }
    },
  );
}

/** Data types of v2 that zarrita reads in v2 alone; the gateway's v2 view is compared for them. */
const V2_ONLY = /\.[SU]\d+/;

function* arrays(root: string, marker: string, path = ""): Generator<string> {
  for (const entry of Deno.readDirSync(join(root, path))) {
    if (!entry.isDirectory) continue;
    const child = path === "" ? entry.name : `${path}/${entry.name}`;
    const document = join(root, child, marker);
    let text: string | undefined;
    try {
      text = Deno.readTextFileSync(document);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    if (text !== undefined && (marker === ".zarray" || JSON.parse(text).node_type === "array")) {
      yield child;
    } else {
      yield* arrays(root, marker, child);
    }
  }
}

for (const version of ["v2", "v3"] as const) {
  const root = join(CORPUS, "zarrita", version, "data.zarr");
  const marker = version === "v2" ? ".zarray" : "zarr.json";
  const found = isThere(root) ? [...arrays(root, marker)].sort() : [];

  Deno.test({
    name: `zarrita's ${version} fixtures are at hand`,
    ignore: found.length === 0,
    fn: () => assert.ok(found.length > 20, `${found.length} arrays`),
  });

  for (const path of found) {
    Deno.test(`zarrita ${version}: ${path} reads the same through the gateway`, async () => {
      const catalog = { datasets: { data: { url: `file://${root}/` } } };
      const gateway = createGateway(
        parseCatalog(JSON.stringify(catalog), () => undefined),
        new URL("file:///"),
        { files: denoFiles, log: () => {} },
      );
      const inV2 = V2_ONLY.test(path);
      const served = withRanges(async (key) => {
        const escaped = key.split("/").map(encodeURIComponent).join("/");
        const url = `http://gateway/data${inV2 ? "~v2" : ""}${escaped}`;
        const response = await gateway.fetch(new Request(url), {});
        if (response.status === 404) return undefined;
        assert.equal(response.status, 200, `${key}: ${await response.clone().text()}`);
        return await response.bytes();
      });
      const open = version === "v2" ? zarr.open.v2 : zarr.open.v3;
      const original = await open(zarr.root(folderStore(root)).resolve(path), { kind: "array" });
      const reopen = inV2 ? zarr.open.v2 : zarr.open.v3;
      const ours = await reopen(zarr.root(served).resolve(path), { kind: "array" });
      assert.deepEqual(ours.shape, original.shape);
      const expected = await zarr.get(original, null);
      const actual = await zarr.get(ours, null);
      const values = (data: unknown) =>
        typeof data === "object" && data !== null ? [...inCOrder(data as Read)] : data;
      assert.deepEqual(values(actual), values(expected));
    });
  }
}

interface Read {
  readonly data: { readonly length: number; get?(i: number): unknown; [i: number]: unknown };
  readonly shape: readonly number[];
  readonly stride: readonly number[];
}

/** Every element in C order, whatever the strides. */
function* inCOrder({ data, shape, stride }: Read): Generator<unknown> {
  const at = (i: number) => data.get ? data.get(i) : data[i];
  const index = shape.map(() => 0);
  const total = shape.reduce((a, b) => a * b, 1);
  for (let n = 0; n < total; n++) {
    yield at(index.reduce((sum, i, axis) => sum + i * stride[axis], 0));
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      if (++index[axis] < shape[axis]) break;
      index[axis] = 0;
    }
  }
}
