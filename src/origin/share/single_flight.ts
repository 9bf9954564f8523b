/** Reads of the same bytes at the same time are one read. */

import type { ByteRange } from "../../byte_range.ts";
import { Linked, LinkedList } from "../../linked_list.ts";
import type { SourceFile, Validator } from "../source_file.ts";
import { memoryBody } from "../body.ts";
import { cancelled } from "../ending.ts";
import type { Origin, OriginBody, ReadOptions } from "../origin.ts";

/** Bytes that one read may have and still be collected in memory for several readers. */
const MAX_SHARED = 64 << 20;

class Flight extends Linked {
  readers = 0;
  /** True once nobody may join any more. */
  closed = false;
  readonly controller = new AbortController();
  outcome!: Promise<Outcome>;

  constructor(readonly key: string) {
    super();
  }
}

/** Flights by key; see {@link LinkedList} for why this is no `Map`. */
class Flights {
  readonly #buckets = Array.from({ length: 256 }, () => new LinkedList<Flight>());

  find(key: string): Flight | undefined {
    let flight = this.#bucket(key).first;
    while (flight && (flight.closed || flight.key !== key)) {
      flight = flight.behind as Flight | undefined;
    }
    return flight;
  }

  add(flight: Flight): void {
    this.#bucket(flight.key).add(flight);
  }

  delete(flight: Flight): void {
    this.#bucket(flight.key).delete(flight);
  }

  /** Keys differ at their end: in the range, or in the name of an object. */
  #bucket(key: string): LinkedList<Flight> {
    let hash = 0;
    for (let i = Math.max(0, key.length - 16); i < key.length; i++) {
      hash = Math.imul(hash, 31) + key.charCodeAt(i) | 0;
    }
    return this.#buckets[(hash ^ hash >>> 8 ^ hash >>> 16) & 255];
  }
}

/** What became of a flight: a body for all, or for the one who takes it first. */
interface Outcome {
  readonly shared: boolean;
  body: OriginBody | undefined;
}

/**
 * `origin`, with concurrent identical reads made once. A reader that is alone when the headers come
 * gets the origin's own body; where others have joined, the bytes are collected once and each gets a
 * copy. A reader that leaves does not disturb the others; the last one to leave cancels the read. A
 * failure is every present reader's failure and is not remembered.
 */
export function withSingleFlight(origin: Origin): Origin {
  const flights = new Flights();

  async function depart(
    flight: Flight,
    file: SourceFile,
    range: ByteRange | undefined,
    options: ReadOptions | undefined,
  ): Promise<Outcome> {
    try {
      const body = await origin.read(file, range, {
        ...options,
        signal: flight.controller.signal,
      });
      if (flight.readers <= 1 || body.notModified || !((body.length ?? Infinity) <= MAX_SHARED)) {
        return { shared: body.notModified === true, body };
      }
      const { objectLength, validator } = body;
      return { shared: true, body: memoryBody(await body.bytes(), { objectLength, validator }) };
    } finally {
      flight.closed = true;
      flights.delete(flight);
    }
  }

  /** Gives a reader that is still there what the flight brought. */
  function land(
    outcome: Outcome,
    file: SourceFile,
    range: ByteRange | undefined,
    options: ReadOptions | undefined,
  ): OriginBody | Promise<OriginBody> {
    const { body } = outcome;
    // a body too large to collect goes to the first; the others read for themselves
    if (body === undefined) return origin.read(file, range, options);
    if (!outcome.shared) outcome.body = undefined;
    return body;
  }

  return {
    read(file, range, options) {
      const key = keyOf(file, range, options);
      let flight = flights.find(key);
      if (flight === undefined) {
        flight = new Flight(key);
        flights.add(flight);
        flight.outcome = depart(flight, file, range, options);
      }
      flight.readers++;
      const signal = options?.signal;
      if (signal === undefined) return flight.outcome.then((o) => land(o, file, range, options));
      return whilePresent(flight, signal, (outcome) => land(outcome, file, range, options));
    },
    head: (file, options) => origin.head(file, options),
    list: (file, options) => origin.list?.(file, options) ?? Promise.resolve(undefined),
  };
}

/** What `land` makes of the outcome, unless `signal` makes this reader leave first. */
function whilePresent(
  flight: Flight,
  signal: AbortSignal,
  land: (outcome: Outcome) => OriginBody | Promise<OriginBody>,
): Promise<OriginBody> {
  return new Promise((resolve, reject) => {
    let state: "waiting" | "owner" | "gone" = "waiting";
    const leave = () => {
      if (state === "owner") return flight.controller.abort(signal.reason);
      state = "gone";
      if (--flight.readers === 0) {
        flight.closed = true;
        flight.controller.abort(signal.reason);
        // nobody is left to take the body of a read that was answered just before
        flight.outcome.then((o) => o.body?.cancel(), () => undefined);
      }
      reject(cancelled(signal));
    };
    if (signal.aborted) return leave();
    signal.addEventListener("abort", leave, { once: true });
    flight.outcome.then((outcome) => {
      if (state === "gone") return;
      // its own body ends with its signal; nothing else does
      if (!outcome.shared && outcome.body) state = "owner";
      else signal.removeEventListener("abort", leave);
      resolve(land(outcome));
    }, (fault) => {
      signal.removeEventListener("abort", leave);
      reject(fault);
    });
  });
}

function keyOf(
  { url, validator }: SourceFile,
  range: ByteRange | undefined,
  options: ReadOptions | undefined,
): string {
  const place = range ? `${url.href} ${range.offset} ${range.length}` : url.href;
  const unless = options?.unless;
  return validator || unless ? `${place} ${stateKey(validator)} ${stateKey(unless)}` : place;
}

function stateKey(validator: Validator | undefined): string {
  return validator ? `${validator.etag ?? ""}@${validator.lastModified ?? ""}` : "";
}
