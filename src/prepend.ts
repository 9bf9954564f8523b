/** A few bytes in front of an origin's body. */

import type { OriginBody } from "./origin/origin.ts";

/** `prefix`, then the bytes of `body`; errors if the body does. */
export function prepend(
  prefix: Uint8Array<ArrayBuffer>,
  body: OriginBody,
): ReadableStream<Uint8Array> {
  const reader = body.stream().getReader();
  let first = true;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) return controller.close();
      if (!first) return controller.enqueue(value);
      first = false;
      const joined = new Uint8Array(prefix.length + value.length);
      joined.set(prefix);
      joined.set(value, prefix.length);
      controller.enqueue(joined);
    },
    cancel: (reason) => reader.cancel(reason),
  });
}
