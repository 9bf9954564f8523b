/** Many clients at once, each on a connection of its own. */

/** One answer. */
export interface Answer {
  readonly status: number;
  /** The status line and headers as they came. */
  readonly head: string;
  readonly body: Uint8Array<ArrayBuffer>;
}

/**
 * Opens `count` connections, and then sends the same request on all of them.
 *
 * @param sent called when all requests are on their way
 * @throws Error for an answer that is not whole
 */
export async function simultaneously(
  port: number,
  path: string,
  count: number,
  { method = "GET", sent }: { method?: string; sent?: () => Promise<unknown> } = {},
): Promise<Answer[]> {
  const connections: Deno.TcpConn[] = [];
  while (connections.length < count) {
    // fewer than the listener's backlog at a time
    const more = Array.from(
      { length: Math.min(100, count - connections.length) },
      () => Deno.connect({ hostname: "127.0.0.1", port }),
    );
    connections.push(...await Promise.all(more));
  }
  const request = new TextEncoder().encode(
    `${method} ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nconnection: close\r\n\r\n`,
  );
  await Promise.all(connections.map((connection) => connection.write(request)));
  const answers = connections.map((connection) => readAnswer(connection, method));
  await sent?.();
  return await Promise.all(answers);
}

async function readAnswer(connection: Deno.TcpConn, method: string): Promise<Answer> {
  const bytes = new Uint8Array(await new Response(connection.readable).arrayBuffer());
  // latin1: a character a byte
  const text = new TextDecoder("latin1").decode(bytes.subarray(0, 8192));
  const end = text.indexOf("\r\n\r\n");
  const head = text.slice(0, end);
  const body = bytes.slice(end + 4);
  const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1]);
  if (end < 0 || (method !== "HEAD" && body.length !== length)) {
    throw new Error(`An answer of ${body.length} bytes, not whole:\n${head}`);
  }
  return { status: Number(head.split(" ")[1]), head, body };
}
