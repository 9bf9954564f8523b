/** What the platform must offer for `file:` origins; `deploy/deno_files.ts` offers it on Deno. */

import type { ListEntry } from "../origin.ts";

export interface OpenFile {
  /** Bytes of the file when it was opened. */
  readonly bytes: number;
  /** Its device and inode; undefined where the platform has none. */
  readonly identity?: string;
  /** Milliseconds since the Unix epoch; undefined where the platform does not know. */
  readonly modified?: number;
  /** `length` bytes from `offset`; fewer only at the end of the file. */
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
  /** Gives the file up; a second time changes nothing. */
  close(): void;
}

/** Files by absolute path, `/` between names. Every method gives undefined if there is no such thing. */
export interface FileAccess {
  /** `path` with every symbolic link followed. */
  realPath(path: string): Promise<string | undefined>;
  /** The device and inode of what is at `path` itself, no link followed; undefined where there are none. */
  identity(path: string): Promise<string | undefined>;
  open(path: string): Promise<OpenFile | undefined>;
  list(path: string): Promise<ListEntry[] | undefined>;
}
