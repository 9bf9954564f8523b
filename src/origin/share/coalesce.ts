/**
 * Reads that arrive together for neighbouring ranges of one file become one read.
 *
 * Measured (test/bench/coalesce.ts): 64 neighbours asked for at once come 1.3 to 6 times sooner as
 * one read, and cost one request or a few. But every read waits for neighbours, which makes a lone
 * one 2 to 5 ms later (25 times, from a near host), and merged bytes are copied, not piped. Chunks
 * asked for over HTTP come one by one. So it is off unless an origin's settings ask for it.
 */

import type { ByteRange } from "../../byte_range.ts";
import { OriginError } from "../../errors.ts";
import { memoryBody } from "../body.ts";
import type { Origin, OriginBody, ReadOptions } from "../origin.ts";

/** When reads are near enough in time and place. */
export interface CoalesceLimits {
  /** Milliseconds that a read waits for others. */
  readonly windowMs: number;
  /** Bytes between two ranges that are read for nothing. */
  readonly maxGap: number;
  /** Bytes of one merged read. */
  readonly maxBytes: number;
}

/** What an origin's `coalesce` setting turns on. */
export const COALESCE: CoalesceLimits = { windowMs: 1, maxGap: 32_768, maxBytes: 4 << 20 };

/** Ranges, by their index, that one read serves. */
export interface MergedRange extends ByteRange {
  /** Into the ranges that were planned for, in order of their offsets. */
  readonly members: readonly number[];
}

/** Which of `ranges` are read together: a plan, without I/O. Every range is in exactly one group. */
export function mergeRanges(
  ranges: readonly ByteRange[],
  limits: Pick<CoalesceLimits, "maxGap" | "maxBytes">,
): MergedRange[] {
  const order = ranges.map((_, i) => i).sort((a, b) => ranges[a].offset - ranges[b].offset);
  const groups: Array<{ offset: number; end: number; members: number[] }> = [];
  for (const i of order) {
    const { offset, length } = ranges[i];
    const last = groups.at(-1);
    const end = Math.max(last?.end ?? 0, offset + length);
    const joins = last && offset - last.end <= limits.maxGap &&
      end - last.offset <= limits.maxBytes;
    if (joins) {
      last.end = end;
      last.members.push(i);
    } else groups.push({ offset, end: offset + length, members: [i] });
  }
  return groups.map(({ offset, end, members }) => ({ offset, length: end - offset, members }));
}

function cancelled(): OriginError {
  return new OriginError("origin-unavailable", "The read was cancelled", { cancelled: true });
}

interface Waiting {
  readonly url: URL;
  readonly range: ByteRange;
  readonly options: ReadOptions | undefined;
  readonly resolve: (body: OriginBody | Promise<OriginBody>) => void;
}

/** `origin`, with ranges merged within `limits`. A merged read that fails is made again, one by one. */
export function withCoalescing(origin: Origin, limits: CoalesceLimits): Origin {
  const files = new Map<string, Waiting[]>();

  function alone({ url, range, options }: Waiting): Promise<OriginBody> {
    return origin.read(url, range, options);
  }

  async function together(merged: MergedRange, members: readonly Waiting[]): Promise<void> {
    const [{ url, options }] = members;
    let bytes: Uint8Array<ArrayBuffer>;
    let body: OriginBody;
    try {
      body = await origin.read(url, merged, {
        ...options,
        signal: undefined,
        controller: undefined,
      });
      bytes = await body.bytes();
    } catch {
      // each learns its own fault: one range beyond the end must not fail its neighbours
      for (const member of members) member.resolve(alone(member));
      return;
    }
    const { objectLength, validator } = body;
    for (const { range, resolve } of members) {
      const start = range.offset - merged.offset;
      resolve(memoryBody(bytes.slice(start, start + range.length), { objectLength, validator }));
    }
  }

  function depart(key: string): void {
    const waiting = (files.get(key) ?? []).filter((one) => !one.options?.signal?.aborted);
    files.delete(key);
    for (const merged of mergeRanges(waiting.map((one) => one.range), limits)) {
      const members = merged.members.map((i) => waiting[i]);
      if (members.length === 1) members[0].resolve(alone(members[0]));
      else void together(merged, members);
    }
  }

  return {
    ...origin,
    read(url, range, options) {
      if (range === undefined || options?.unless || range.length >= limits.maxBytes) {
        return origin.read(url, range, options);
      }
      if (options?.signal?.aborted) return Promise.reject(cancelled());
      const { etag, lastModified } = options?.validator ?? {};
      const key = `${url.href} ${options?.epoch} ${etag} ${lastModified}`;
      return new Promise((resolve, reject) => {
        const waiting = files.get(key);
        const one = { url, range, options, resolve };
        options?.signal?.addEventListener("abort", () => reject(cancelled()));
        if (waiting) waiting.push(one);
        else {
          files.set(key, [one]);
          setTimeout(() => depart(key), limits.windowMs);
        }
      });
    },
  };
}
