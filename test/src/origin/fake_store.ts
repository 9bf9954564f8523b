/** A store whose answers the test makes, behind a host of its own. */

import { Host, type HostLimits } from "../../../src/origin/host.ts";
import type { Origin } from "../../../src/origin/origin.ts";
import type { Store, StoreAnswer } from "../../../src/origin/store.ts";

/** What the hosts of these tests allow. */
export const HOST_LIMITS: HostLimits = {
  concurrentPerOrigin: 100,
  requestTimeoutMs: 30_000,
  shared: true,
};

/** The answer that gives `length` bytes. */
export function answerOf(length: number): StoreAnswer {
  return { response: new Response(new Uint8Array(length)), length, framed: true };
}

/** An origin whose every read is `read`. @param parts what the host counts with, in the order it takes them */
export function hostOf(
  read: Store["read"],
  ...parts: ConstructorParameters<typeof Host> extends [unknown, unknown, ...infer Rest] ? Rest
    : never
): Origin {
  const head = () => Promise.resolve({ length: 1 });
  return new Host("test", HOST_LIMITS, ...parts).origin({ read, head });
}
