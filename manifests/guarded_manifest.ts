/** What a reader did not expect is the index's fault, and says where: never a fault of the gateway. */

import { IndexError, SluiceError } from "../src/errors.ts";
import type { ChunkRef } from "../src/chunk/ref.ts";
import type { ChunkTable, ContainerInfo, Manifest, Node, VersionInfo } from "../src/manifest.ts";

/**
 * What `work` gives.
 *
 * @param place where in the index it reads, to follow "cannot be read"
 * @throws IndexError `index-invalid` where it throws what is no fault of the gateway's table
 */
export async function guarded<T>(
  format: string,
  place: string,
  work: () => T,
): Promise<Awaited<T>> {
  try {
    return await work();
  } catch (fault) {
    throw blamed(format, place, fault);
  }
}

function blamed(format: string, place: string, fault: unknown): unknown {
  // a signal's reason is nobody's fault
  if (fault instanceof SluiceError || fault instanceof DOMException) return fault;
  const detail = `The ${format} index cannot be read ${place}: it is not as its format says`;
  return new IndexError(detail, { format, place, message: `${fault}` }, fault);
}

/** A manifest whose unexpected exceptions are faults of the index. */
export class GuardedManifest implements Manifest {
  readonly version: string;
  readonly pinned: boolean;
  readonly absentObjects?: true;
  readonly versions?: () => Promise<VersionInfo[]>;
  readonly containers?: () => Promise<ContainerInfo[]>;
  readonly doubts?: () => Promise<string[]>;
  readonly report?: () => Promise<Array<[label: string, text: string]>>;

  /** Stands before `inner`. @param format its name, for messages */
  constructor(readonly inner: Manifest, readonly format: string) {
    this.version = inner.version;
    this.pinned = inner.pinned;
    this.absentObjects = inner.absentObjects;
    if (inner.versions) this.versions = () => this.#at("for its versions", () => inner.versions!());
    if (inner.containers) {
      this.containers = () => this.#at("for its containers", () => inner.containers!());
    }
    if (inner.doubts) this.doubts = () => this.#at("for doubts", () => inner.doubts!());
    if (inner.report) this.report = () => this.#at("for a report", () => inner.report!());
  }

  get heldBytes(): number | undefined {
    return this.inner.heldBytes;
  }

  node(path: string): Promise<Node | undefined> {
    return this.#at(`at the node "${path}"`, () => this.inner.node(path));
  }

  children(path: string): Promise<string[]> {
    return this.#at(`below the node "${path}"`, () => this.inner.children(path));
  }

  chunk(
    path: string,
    coords: readonly number[],
    signal?: AbortSignal,
  ): Promise<ChunkRef | undefined> {
    return this.#at(`for a chunk of "${path}"`, () => this.inner.chunk(path, coords, signal));
  }

  async *refs(path: string, order?: "grid" | "stored"): AsyncGenerator<ChunkTable> {
    try {
      yield* this.inner.refs(path, order);
    } catch (fault) {
      throw blamed(this.format, `for the chunks of "${path}"`, fault);
    }
  }

  async refresh(): Promise<Manifest> {
    const next = await this.#at("again", () => this.inner.refresh());
    return next === this.inner ? this : new GuardedManifest(next, this.format);
  }

  #at<T>(place: string, work: () => T): Promise<Awaited<T>> {
    return guarded(this.format, place, work);
  }
}
