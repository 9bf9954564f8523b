/** Whether the client of a request is still there, looked at only where the answer takes a while. */

import { Deadlines, Timed } from "../deadlines.ts";

/** Milliseconds after which an answer under way is given up with its client. */
const PATIENCE = 50;

export class Answering extends Timed {
  readonly #controller = new AbortController();

  constructor(readonly client: { readonly signal: AbortSignal }) {
    super();
  }

  /** Aborts once the client has left, or at the latest when that is noticed. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Passes on from now on, and if it already has, that the client leaves. */
  expire(): void {
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
  readonly #patience = new Deadlines(PATIENCE);

  /** An answer to `client` (or its request) is under way; {@link end} must follow. */
  start(client: { readonly signal: AbortSignal }): Answering {
    const answering = new Answering(client);
    this.#patience.start(answering);
    return answering;
  }

  /** The response is handed to the runtime, which itself cancels its body when the client leaves. */
  end(answering: Answering): void {
    this.#patience.stop(answering);
  }
}
