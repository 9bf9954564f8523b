/** Looks at a target of unknown format with as few requests as its formats need. */

import { OriginError } from "../src/errors.ts";
import type { Probe } from "../src/manifest.ts";
import type { Origin } from "../src/origin/origin.ts";
import { whatIs } from "./magic.ts";

/** Bytes that are looked at. */
const HEAD_BYTES = 4096;

/** What a probe saw of a target that no format knows. */
export interface Sight {
  /** Which names are there, for a message to everybody; empty if there is only an object. */
  readonly where: string;
  /** What the object's first bytes tell, for the log and the command line alone. */
  readonly found?: string;
  /** True if nothing at all is there. */
  readonly absent: boolean;
}

/** A target before and after its first bytes are read. */
export interface OriginProbe {
  /** The target: an index, or a folder that may be one. */
  readonly url: URL;
  /** Reads the first bytes, of anything but a folder. @throws OriginError unless there is no object */
  start(): Promise<Probe>;
  /** What was seen. */
  describe(): Promise<Sight>;
  /** The fault of a read that the origin refused (403), if there was one. */
  refusal(): OriginError | undefined;
}

/**
 * A probe of `url` by way of `origin`.
 *
 * @param maxBytes what is read of a file in the folder at most
 */
export function probe(url: URL, origin: Origin, maxBytes: number): OriginProbe {
  const found = new Map<string, Promise<boolean>>();
  const folder = new URL(url);
  if (!folder.pathname.endsWith("/")) folder.pathname += "/";
  let head: Promise<Uint8Array | undefined> | undefined;
  let refused: OriginError | undefined;

  /**
   * `value` where the origin shows no such object: it says so, it hides what may not be listed (403, as
   * object stores do), or it leads on (a folder without its slash). Any other fault goes on.
   */
  function ifUnseen<T>(value: T): (fault: unknown) => T {
    return (fault) => {
      if (!(fault instanceof OriginError)) throw fault;
      const isRefused = fault.context.originStatus === 403;
      if (isRefused) refused = fault;
      if (fault.absent || isRefused || fault.code === "origin-redirect") return value;
      throw fault;
    };
  }

  function has(name: string): Promise<boolean> {
    let answer = found.get(name);
    if (!answer) {
      answer = origin.head({ url: new URL(name, folder) }).then(() => true, ifUnseen(false));
      found.set(name, answer);
    }
    return answer;
  }
  async function read(name: string): Promise<Uint8Array | undefined> {
    try {
      const body = await origin.read({ url: new URL(name, folder) }, undefined);
      found.set(name, Promise.resolve(true));
      return await body.bytes(maxBytes);
    } catch (fault) {
      const none = ifUnseen(undefined)(fault);
      found.set(name, Promise.resolve(false));
      return none;
    }
  }

  // a folder has no bytes of its own, and asking a server for it gives a listing
  const first = () =>
    head ??= url.pathname.endsWith("/") ? Promise.resolve(undefined) : firstBytes();

  async function firstBytes(): Promise<Uint8Array | undefined> {
    try {
      const { length } = await origin.head({ url });
      // a file shorter than the range would be a range mismatch
      if (length === 0) return new Uint8Array(0);
      const range = { offset: 0, length: Math.min(length ?? HEAD_BYTES, HEAD_BYTES) };
      const body = await origin.read({ url }, range);
      return await body.bytes(HEAD_BYTES);
    } catch (fault) {
      return ifUnseen(undefined)(fault);
    }
  }

  return {
    url,
    start: async () => ({ url, head: await first(), has, read }),
    refusal: () => refused,
    async describe() {
      const bytes = await first();
      const names: string[] = [];
      for (const [name, answer] of found) if (await answer) names.push(name);
      const inside = names.length > 0 ? `there is ${names.join(", ")} in it` : "";
      if (bytes) return { where: inside && `: ${inside}`, found: whatIs(bytes), absent: false };
      const beside = inside || "nor anything known in it";
      return { where: `: there is no object at it, ${beside}`, absent: names.length === 0 };
    },
  };
}
