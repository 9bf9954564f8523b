/** Which folders references lead to: what a catalog's `origins` would have to name, and no more. */

/** For each host, the folder common to the references that may be read, and to those that may not. */
export class ReferenceFolders {
  readonly #allowed = new Map<string, string>();
  readonly #refused = new Map<string, string>();
  readonly #allows: (prefix: string) => boolean;
  readonly #own: string;
  #last: string | undefined;

  /**
   * No reference is seen yet.
   *
   * @param allows whether the dataset may read what lies below a URL prefix
   * @param own the index itself as a folder, which no catalog has to name
   */
  constructor(allows: (prefix: string) => boolean, own: string) {
    this.#allows = allows;
    this.#own = own;
  }

  add(url: string): void {
    const folder = url.slice(0, url.lastIndexOf("/") + 1);
    if (folder === this.#last || folder.startsWith(this.#own)) return;
    this.#last = folder;
    const host = /^[^:]+:\/\/[^/]*\//.exec(folder)?.[0] ?? folder;
    // What is allowed never widens what is not: the advice would open more than is needed.
    widen(this.#allows(folder) ? this.#allowed : this.#refused, host, folder);
  }

  all(): string[] {
    return [...new Set([...this.#allowed.values(), ...this.#refused.values()])].sort();
  }

  refused(): string[] {
    return [...this.#refused.values()].sort();
  }
}

function widen(folders: Map<string, string>, host: string, folder: string): void {
  const known = folders.get(host);
  if (known === undefined) {
    folders.set(host, folder);
  } else if (!folder.startsWith(known)) {
    let common = 0;
    while (common < known.length && known[common] === folder[common]) common++;
    folders.set(
      host,
      known.slice(0, Math.max(host.length, known.lastIndexOf("/", common - 1) + 1)),
    );
  }
}
