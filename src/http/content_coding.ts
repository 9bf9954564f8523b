/** Content codings (RFC 9110 §8.4): which a client takes, and the one that is made here. */

/**
 * Whether a request is answered in gzip. A range is one of the bytes as they are: one of the coded
 * bytes would be of no use to anybody.
 */
export function acceptsGzip({ headers }: Request): boolean {
  if (headers.has("range")) return false;
  const accepted = new Map(
    (headers.get("accept-encoding") ?? "").toLowerCase().split(",").map((item) => {
      const [name, ...parameters] = item.split(";").map((part) => part.trim());
      const quality = parameters.find((parameter) => parameter.startsWith("q="));
      return [name, quality === undefined ? 1 : Number(quality.slice(2))];
    }),
  );
  return (accepted.get("gzip") ?? accepted.get("x-gzip") ?? accepted.get("*") ?? 0) > 0;
}

export async function gzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
