/**
 * `/{id}/…/`: a folder listing with relative links, which fsspec and GDAL parse line by line; the same
 * page is the dataset's page for a person.
 */

import { html } from "hono/html";
import type { Dataset } from "../src/catalog/dataset.ts";
import type { Child, NodeView } from "../src/catalog/node_view.ts";
import type { Store } from "../src/catalog/store.ts";
import type { ArrayView } from "../src/chunk/array_view.ts";
import type { StorePath } from "../src/catalog/store_path.ts";
import { dataTypeName } from "../src/zarr/data_type.ts";
import type { ArrayMetadata } from "../src/zarr/metadata.ts";
import { type Markup, pageResponse } from "./page.ts";
import { snippets } from "./snippets.ts";
import { versionLinks } from "./versions.ts";

/** The listing of a group or array. @throws SluiceError `not-found` */
export async function listing(
  request: Request,
  dataset: Dataset,
  target: StorePath,
): Promise<Response> {
  const path = target.key.replace(/\/$/, "");
  const store = await dataset.store(target.version, target.view);
  const node = await store.node(path);
  if (!node) throw dataset.absent(target.key, target.version, store.manifest);
  const nodes = node.type === "group" ? await store.children(path) : [];
  const url = new URL(request.url);
  const here = url.pathname.endsWith("/") ? url.pathname : `${url.pathname}/`;
  const files = documentNames(store, node);
  const title = path === "" ? dataset.config.title ?? dataset.id : path.split("/").at(-1)!;
  // `/{id}` has no slash for a browser to resolve links against; fsspec puts one there by itself.
  const body = html`
    <base href="${here}">
    <h1>${title}</h1>
    ${path === "" && dataset.config.description ? html`<p>${dataset.config.description}</p>` : ""}
    ${path === "" ? await snippets(store, new URL(here, url).href) : ""}
    ${node.type === "array" ? arrayFacts(node) : ""}
    <div class="scroll">
      <table>
    <tr><th>name</th><th>dimensions</th><th>type</th><th>chunks</th><th>served</th></tr>
    ${files.map((name) => link(name))}
    ${nodes.map((child) => row(child))}
      </table>
    </div>
    ${path === "" ? await versionTable(dataset.id, store) : ""}
  `;
  return await pageResponse(`Index of ${decodeURI(here)}`, body, dataset.mutable);
}

function documentNames(store: Store, node: NodeView): string[] {
  if (store.view !== "v2") return ["zarr.json"];
  return node.type === "array" ? [".zarray", ".zattrs"] : [".zgroup", ".zattrs", ".zmetadata"];
}

function link(name: string): Markup {
  return html`
    <tr>
      <td class="mono"><a href="${encodeURIComponent(name)}">${name}</a></td>
      <td></td>
      <td></td>
      <td></td>
      <td></td>
    </tr>
  `;
}

function row([path, node]: Child): Markup {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const anchor = html`<td class="mono"><a href="${encodeURIComponent(name)}/">${name}/</a></td>`;
  if (node.type === "group") {
    return html`
      <tr>${anchor}<td class="soft">group</td><td></td><td></td><td></td></tr>
    `;
  }
  if (node.type === "malformed") {
    return html`
      <tr>${anchor}<td colspan="3"></td><td>left out: ${node.fault.message}</td></tr>
    `;
  }
  const { metadata, layout, plan, leftOut } = node;
  return html`
    <tr>${anchor}<td>${dimensions(metadata)}</td><td>${dataTypeName(
      metadata.data_type,
    )}</td><td>${layout?.chunkShape.join(" × ")}</td><td>${leftOut === undefined
      ? html`<span class="tier">${plan.tier}</span>`
      : `left out: ${leftOut}`}</td></tr>
  `;
}

function dimensions(metadata: ArrayMetadata): string {
  const names = metadata.dimension_names;
  return metadata.shape.map((length, i) => `${names?.[i] ? `${names[i]} ` : ""}${length}`)
    .join(" × ");
}

function arrayFacts({ metadata, layout, leftOut }: ArrayView): Markup {
  const attributes = Object.entries(metadata.attributes ?? {});
  return html`<p>${dimensions(metadata)} · ${dataTypeName(metadata.data_type)} · chunks of ${
    layout?.chunkShape.join(" × ") ?? "many shapes"
  }</p>
${leftOut === undefined ? "" : html`<p>Left out of its group's documents: ${leftOut}</p>`}
${
    attributes.length > 0
      ? html`
        <div class="scroll">
          <table>
        ${attributes.map(([name, value]) =>
          html`
            <tr>
              <th>${name}</th>
              <td class="mono">${JSON.stringify(value)}</td>
            </tr>
          `
        )}</table>
        </div>
      `
      : ""
  }`;
}

/** Snapshots of the history that the page shows. */
const SHOWN_SNAPSHOTS = 20;

/** Branches, tags and the latest of the history. Absolute links: they are no entries of this folder. */
async function versionTable(id: string, store: Store): Promise<Markup | ""> {
  const links = await versionLinks(id, store.manifest);
  const history = links.filter(({ kind }) => kind === "snapshot").slice(0, SHOWN_SNAPSHOTS);
  const shown = [...links.filter(({ kind }) => kind !== "snapshot"), ...history];
  if (shown.length === 0) return "";
  return html`
    <h2>Versions</h2>
    <div class="scroll">
      <table>
    <tr><th>version</th><th></th><th>committed</th><th>message</th></tr>
    ${shown.map(({ kind, name, href, time, message }) =>
      html`
        <tr>
          <td class="mono"><a href="${href}">${name}</a></td>
          <td>${kind}</td>
          <td>${time === undefined
            ? ""
            : new Date(time).toISOString().slice(0, 19).replace("T", " ")}</td>
          <td>${message ?? ""}</td>
        </tr>
      `
    )}</table>
    </div>
  `;
}
