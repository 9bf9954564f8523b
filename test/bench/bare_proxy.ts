/** The least that a proxy on Deno does: what of the gateway's cost is the runtime's own. */

const origin = Deno.env.get("BENCH_ORIGIN");

export default {
  /** Gives the range that `?r=FIRST-LAST` names of the origin's file. */
  async fetch(request: Request): Promise<Response> {
    const range = request.url.slice(request.url.indexOf("?r=") + 3);
    const { body, headers } = await fetch(`${origin}data.bin`, {
      headers: { range: `bytes=${range}` },
    });
    return new Response(body, {
      headers: { "content-length": headers.get("content-length") ?? "" },
    });
  },
};
