/** `/`: the console for a browser, the catalog for everything else. */

import { html } from "hono/html";
import { catalogJson } from "./catalog.ts";
import type { GatewayContext } from "./context.ts";
import { acceptsPage, pageResponse } from "./page.ts";

/** The datasets as a page, or as JSON where the client does not ask for HTML. */
export function home(request: Request, context: GatewayContext): Promise<Response> {
  if (!acceptsPage(request)) {
    return catalogJson(request, context);
  }
  const cards = [...context.catalog.datasets.values()].map(({ id, config }) =>
    html`
      <section class="card">
      <h2><a href="/${id}/">${config.title ?? id}</a></h2>
      <p class="soft"><a href="/${id}/">portable</a> · <a href="/${id}~native/">native codecs</a> · <a href="/${id}~v2/">Zarr v2</a>${config
          .license
        ? html`
          · ${config.license}
        `
        : ""}</p>
      ${config.description ? html`<p>${config.description}</p>` : ""}
      </section>
    `
  );
  const body = html`
    <h1>Datasets</h1>
    <p
      class="soft">Each is a Zarr v3 store at its own URL. As JSON: <a href="/-/catalog.json">catalog.json</a></p>
    ${cards.length > 0 ? cards : html`<p>The catalog is empty.</p>`}
  `;
  return pageResponse("Sluice", body, "public, max-age=60");
}
