/** The shell of every HTML page: one style, no script, nothing from elsewhere. */

import { html, raw } from "hono/html";
import { responseWith } from "../src/http/headers.ts";

/** Text that is already escaped, as hono's `html` marks it. */
export type EscapedText = string & { readonly isEscaped: true };

/** Markup to put into a page; a promise where a part of it is one. */
export type Markup = EscapedText | Promise<EscapedText>;

const STYLE = `
:root{color-scheme:light dark;--ink:#12263a;--soft:#5b7083;--line:#d9e2ea;--card:#fff;--page:#f4f8fb;--accent:#0b6e99}
@media (prefers-color-scheme:dark){:root{--ink:#e6eef5;--soft:#9db2c4;--line:#2a3b4b;--card:#15212d;--page:#0d161f;--accent:#5cc3ee}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:64rem;margin:0 auto;padding:2rem 1.25rem 4rem}
header{display:flex;align-items:baseline;gap:.75rem;margin-bottom:1.5rem}
header a{font-weight:700;font-size:1.15rem;color:var(--accent);text-decoration:none}
h1{font-size:1.6rem;margin:.2rem 0}h2{font-size:1.1rem;margin:2rem 0 .5rem}
p{max-width:46rem}.soft{color:var(--soft)}
a{color:var(--accent)}
.card{background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:1rem 1.25rem;margin:.75rem 0}
.card h2{margin:0}
.scroll{overflow-x:auto;margin:1rem 0}
table{border-collapse:collapse;width:100%;background:var(--card);border:1px solid var(--line);border-radius:.6rem}
th,td{text-align:left;padding:.45rem .8rem;border-bottom:1px solid var(--line);white-space:nowrap}
th{font-weight:600;color:var(--soft);font-size:.85rem}
code,pre,td.mono{font:.88rem/1.5 ui-monospace,monospace}
pre{background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:.8rem 1rem;overflow-x:auto}
.tier{border:1px solid var(--line);border-radius:1rem;padding:.05rem .6rem;font-size:.8rem}
`;

/** Whether a client is one for people: no Zarr client asks for HTML by name. */
export function acceptsPage(request: Request): boolean {
  return (request.headers.get("accept") ?? "").includes("text/html");
}

/**
 * A whole page as a response. `title` goes to the window, `body` into the page.
 *
 * @param caching `Cache-Control`, e.g. `public, max-age=60`
 */
export async function pageResponse(
  title: string,
  body: Markup,
  caching: string,
  status = 200,
): Promise<Response> {
  const page = await html`
    <!DOCTYPE html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>${title}</title>
        <style>${raw(STYLE)}</style>
      </head>
      <body>
        <main>
    <header><a href="/">Sluice</a><span class="soft">archival files as plain Zarr</span></header>
    ${body}
        </main>
      </body>
    </html>
  `;
  const bytes = new TextEncoder().encode(page.toString());
  return responseWith(bytes, [
    ["content-type", "text/html; charset=utf-8"],
    ["content-length", String(bytes.length)],
    ["cache-control", caching],
    ["vary", "Accept"],
    [
      "content-security-policy",
      "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; base-uri 'self'",
    ],
  ], status);
}
