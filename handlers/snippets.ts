/** What to paste into Python, a shell or JavaScript to open a dataset: each runs as it is printed. */

import { html } from "hono/html";
import type { Store } from "../src/catalog/store.ts";
import type { ArrayView } from "../src/chunk/array_view.ts";
import type { Markup } from "./page.ts";

/** A client and the lines that open the store in it. */
export interface Snippet {
  /** What the lines are for, e.g. `xarray`. */
  readonly client: string;
  /** With the place where the URL of the store stands, {@link URL_MARK}. */
  readonly lines: string;
}

/** Stands for the store's URL in the lines of a snippet. */
const URL_MARK = "\0";

/** What opens the store in the clients that can read the view. */
export async function snippetsOf(store: Store): Promise<Snippet[]> {
  const root = await store.node("");
  const nodes = [...await Array.fromAsync(store.descendants("")), ["", root] as const];
  const arrays = nodes.flatMap(([, node]) =>
    node?.type === "array" && node.leftOut === undefined ? [node] : []
  );
  if (arrays.length === 0) return [];
  const array = arrays.reduce((a, b) => elements(b) > elements(a) ? b : a);
  const { path } = array;
  const found = [{ client: "xarray, zarr-python", lines: python(store, arrays, path) }];
  if (store.view !== "portable") return found;
  const url = path === "" ? URL_MARK : `${URL_MARK}/${escaped(path)}`;
  const plane = array.metadata.shape.map((_, i, { length }) => i < length - 2 ? "0" : "null");
  found.push({ client: "GDAL", lines: `gdalmdiminfo 'ZARR:"/vsicurl/${URL_MARK}"'` }, {
    client: "zarrita",
    lines: `import * as zarr from "zarrita";
const array = await zarr.open(new zarr.FetchStore("${url}"), { kind: "array" });
console.log(await zarr.get(array${plane.length === 0 ? "" : `, [${plane.join(", ")}]`}));`,
  });
  return found;
}

/** The snippets as parts of a page. */
export async function snippets(store: Store, href: string): Promise<Markup> {
  // fsspec takes every URL that it finds in the text for an entry; this one is none.
  const url = html`http<span></span>${href.replace(/^http/, "").replace(/\/$/, "")}`;
  return html`${
    (await snippetsOf(store)).map(({ client, lines }) =>
      html`
        <p class="soft">${client}</p>
        <pre>${lines.split(URL_MARK).map((part, i) => html`${i > 0 ? url : ""}${part}`)}</pre>
      `
    )
  }`;
}

function python(store: Store, arrays: readonly ArrayView[], largest: string): string {
  const format = store.view === "v2" ? ", zarr_format=2" : "";
  if (largest === "" && arrays.length === 1) {
    return `import zarr\narray = zarr.open_array("${URL_MARK}", mode="r"${format})\nprint(array)`;
  }
  const lines = ["import xarray as xr"];
  const group = largest.slice(0, Math.max(0, largest.lastIndexOf("/")));
  const named = group === "" ? "" : `, group=${JSON.stringify(group)}`;
  lines.push(`ds = xr.open_zarr("${URL_MARK}"${named}${format})`, "print(ds)");
  if (arrays.some(({ path }) => path.includes("/"))) {
    lines.push(
      "# or all of its groups",
      `tree = xr.open_datatree("${URL_MARK}", engine="zarr"${format})`,
    );
  }
  return lines.join("\n");
}

function escaped(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}

function elements(node: ArrayView): number {
  return node.metadata.shape.reduce((a, b) => a * b, 1);
}
