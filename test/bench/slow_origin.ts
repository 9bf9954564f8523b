/** Ranges of one file over HTTP, each answered so many milliseconds late: `slow_origin.ts FILE MS`. */

const [path, delay] = [Deno.args[0], Number(Deno.args[1])];
const bytes = await Deno.readFile(path);
let requests = 0;

Deno.serve({
  hostname: "127.0.0.1",
  port: 0,
  onListen: ({ port }) => console.log(port),
}, async (request) => {
  const { pathname } = new URL(request.url);
  if (pathname === "/requests") return new Response(String(requests));
  if (pathname !== "/data.bin") return new Response(null, { status: 404 });
  requests++;
  if (delay > 0) await new Promise((go) => setTimeout(go, delay));
  const asked = /^bytes=(\d+)-(\d+)$/.exec(request.headers.get("range") ?? "");
  if (!asked) return new Response(bytes, { headers: { etag: '"1"' } });
  const [first, last] = [Number(asked[1]), Number(asked[2])];
  return new Response(bytes.subarray(first, last + 1), {
    status: 206,
    headers: { etag: '"1"', "content-range": `bytes ${first}-${last}/${bytes.length}` },
  });
});
