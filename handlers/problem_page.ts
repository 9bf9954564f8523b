/** Problem documents as pages, for people in browsers. */

import { html } from "hono/html";
import { acceptsPage, pageResponse } from "./page.ts";

/** What of a problem document a page shows. */
interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly dataset?: string;
  readonly requestId: string;
}

/** `problem`, as a page where the client asks for one: its status and headers stay. */
export async function problemFor(request: Request, problem: Response): Promise<Response> {
  if (!acceptsPage(request)) return problem;
  const { type, title, status, detail, dataset, requestId }: Problem = await problem.json();
  const body = html`
    <h1>${title}</h1>
    <p>${detail}</p>
    ${dataset === undefined
      ? html`
        <p><a href="/">All datasets</a></p>
      `
      : html`
        <p>Dataset: <a href="/${dataset}/">${dataset}</a></p>
      `}
    <p class="soft">${status} ${type} · request ${requestId}</p>
  `;
  // A cache that does not heed Vary must not give the page to Zarr clients.
  const page = await pageResponse(title, body, "no-store", status);
  for (const [name, value] of problem.headers) {
    if (!page.headers.has(name)) page.headers.set(name, value);
  }
  return page;
}
