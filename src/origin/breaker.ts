/** A host that is down is asked by one read at a time, so that the others fail at once. */

import { OriginError } from "../errors.ts";

/** Faults in a row that open the breaker. */
const THRESHOLD = 20;
/** Milliseconds that others wait for a probe; an older one no longer keeps a new one back. */
const PROBE_WAIT = 250;

/** Probes that a read waits for while each is only slow. */
const MOST_WAITS = 4;

/** The outcome of one probe, as far as it is known soon. */
interface Probe {
  readonly soon: Promise<void>;
  /** True once it ended by itself, not because it is slow. */
  over: boolean;
  end(): void;
}

/**
 * Counts the faults of one host. Closed, it lets all reads through. Open, it lets one through as a
 * probe; a read that comes meanwhile waits briefly for a probe that began after it, and shares its fate. So
 * the first read after the host is back succeeds, and a host that is down costs its readers nothing.
 */
export class Breaker {
  #faults = 0;
  #probe: Probe | undefined;

  /**
   * @param threshold faults in a row that open it
   * @param changed told when the breaker opens (true) or closes
   */
  constructor(
    readonly threshold: number = THRESHOLD,
    private readonly changed: (open: boolean) => void = () => {},
  ) {}

  /** True while the host seems to be down. */
  get open(): boolean {
    return this.#faults >= this.threshold;
  }

  /** The host answered: well or not, it is there. */
  succeeded(): void {
    if (this.open) this.changed(false);
    this.#faults = 0;
  }

  /** A read failed, which may say nothing of the host. */
  failed(fault: unknown): void {
    if (!isOutage(fault)) {
      if (!isOurs(fault)) this.succeeded();
      return;
    }
    this.#faults++;
    if (this.#faults === this.threshold) this.changed(true);
  }

  /**
   * Asks an open breaker to let a read through.
   *
   * @returns what the read must call when it is over
   * @throws OriginError `origin-unavailable`
   */
  async enter(): Promise<() => void> {
    for (let waits = 0; this.open; waits++) {
      const probe = this.#probe;
      if (probe === undefined) return this.#begin();
      await probe.soon;
      // a probe that began before this read came proves nothing about now
      if (waits > 0 && this.open && (probe.over || waits >= MOST_WAITS)) break;
    }
    if (!this.open) return () => {};
    throw new OriginError("origin-unavailable", "The origin is failing", { breaker: "open" });
  }

  #begin(): () => void {
    let end!: () => void;
    const over = new Promise<void>((resolve) => end = resolve);
    const probe: Probe = { soon: over, over: false, end: () => end() };
    const release = () => {
      if (this.#probe === probe) this.#probe = undefined;
      probe.end();
    };
    // a slow probe says nothing yet: the next read may try as well
    const timer = setTimeout(release, PROBE_WAIT);
    this.#probe = probe;
    return () => {
      clearTimeout(timer);
      probe.over = true;
      release();
    };
  }
}

/** True if the host did not answer, or said that it cannot. */
function isOutage(fault: unknown): boolean {
  return fault instanceof OriginError && fault.context.cancelled !== true &&
    (fault.code === "origin-unavailable" || fault.code === "origin-timeout");
}

/** True for what says nothing about the host: the reader left, or there was no place. */
function isOurs(fault: unknown): boolean {
  return !(fault instanceof OriginError) || fault.code === "overloaded" ||
    fault.code === "origin-not-allowed" || fault.context.cancelled === true;
}
