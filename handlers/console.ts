/** `/`: the console for a browser, the catalog for everything else. */

import { html } from "hono/html";
import { catalogJson } from "./catalog.ts";
import type { GatewayContext } from "./context.ts";
import { pageResponse } from "./page.ts";

/** The datasets as a page, or as JSON where the client does not ask for HTML. */
export function home(request: Request, context: GatewayContext): Promise<Response> {
  if (!(request.headers.get("accept") ?? "").includes("text/html")) {
    return catalogJson(request, context);
  }
  const cards = [...context.catalog.datasets.values()].map(({ id, config }) =>
    html`
      <section class="card">
      <h2><a href="/${id}/">${config.title ?? id}</a></h2>
      <p class="soft"><code>/${id}/</code>${config.license
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
