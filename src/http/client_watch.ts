/** Whether the client of a request is still there, looked at only where the answer takes a while. */

import { type Linked, LinkedList } from "../linked_list.ts";

/** Milliseconds after which an answer under way is given up with its client. */
const PATIENCE = 50;

/** A request that is being answered. */
export class Answering implements Linked {
  /** See {@link Linked}. */
  list?: unknown = undefined;
  /** See {@link Linked}. */
  before?: Linked = undefined;
  /** See {@link Linked}. */
  behind?: Linked = undefined;
  readonly #controller = new AbortController();

  /**
   * The client is taken to be there.
   *
   * @param until when to look for the client, on the clock of `performance.now()`
   */
  constructor(readonly client: { readonly signal: AbortSignal }, readonly until: number) {}

  /** Aborts once the client has left, or at the latest when that is noticed. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Passes on from now on, and if it already has, that the client leaves. */
  follow(): void {
    const { signal } = this.client;
    const leave = () => this.#controller.abort(signal.reason);
    if (signal.aborted) leave();
    else signal.addEventListener("abort", leave, { once: true });
  }
}

/**
 * The requests of a server that are being answered. `request.signal` costs Deno a quarter of what a
 * small chunk costs altogether, and most are answered before their client could have left: so it is
 * not touched before an answer has taken 50 ms. Leaving is noticed that much later at most.
 */
export class ClientWatch {
  /** In the order in which they are looked at; each waits as long as the others. */
  readonly #answering = new LinkedList<Answering>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** An answer to `client` (or its request) is under way; {@link end} must follow. */
  start(client: { readonly signal: AbortSignal }): Answering {
    const answering = new Answering(client, performance.now() + PATIENCE);
    this.#answering.add(answering);
    this.#timer ??= setTimeout(this.#look, PATIENCE);
    return answering;
  }

  /** The response is handed to the runtime, which itself cancels its body when the client leaves. */
  end(answering: Answering): void {
    this.#answering.delete(answering);
    if (this.#answering.first) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  readonly #look = (): void => {
    this.#timer = undefined;
    const now = performance.now();
    for (let answering; (answering = this.#answering.first);) {
      if (answering.until > now) {
        this.#timer = setTimeout(this.#look, answering.until - now + 1);
        return;
      }
      this.#answering.delete(answering);
      answering.follow();
    }
  };
}
