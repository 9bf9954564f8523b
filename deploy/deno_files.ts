/** Local files on Deno, for `file:` origins. */

import type { FileAccess, OpenFile } from "../src/origin/stores/file_access.ts";
import type { ListEntry } from "../src/origin/origin.ts";

export const denoFiles: FileAccess = {
  realPath: (path) => orAbsent(() => Deno.realPath(path)),

  open: (path) =>
    orAbsent(async () => {
      // a FIFO would block the opening
      if (!(await Deno.stat(path)).isFile) return undefined;
      const file = await Deno.open(path);
      try {
        const info = await file.stat();
        return new DenoFile(file, info.size, info.mtime?.getTime(), identityOf(info));
      } catch (fault) {
        file.close();
        throw fault;
      }
    }),

  identity: (path) => orAbsent(async () => identityOf(await Deno.lstat(path))),

  list: (path) =>
    orAbsent(async () => {
      const entries: ListEntry[] = [];
      for await (const entry of Deno.readDir(path)) {
        const { isDirectory, isFile } = entry.isSymlink
          ? await orAbsent(() => Deno.stat(`${path}/${entry.name}`)) ?? entry
          : entry;
        if (isFile || isDirectory) {
          entries.push({ name: entry.name, kind: isDirectory ? "folder" : "object" });
        }
      }
      return entries.sort((a, b) => a.name < b.name ? -1 : 1);
    }),
};

function identityOf({ dev, ino }: Deno.FileInfo): string | undefined {
  return ino === null ? undefined : `${dev}:${ino}`;
}

class DenoFile implements OpenFile {
  #open = true;

  constructor(
    private readonly file: Deno.FsFile,
    readonly bytes: number,
    readonly modified: number | undefined,
    readonly identity: string | undefined,
  ) {}

  async read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(length);
    await this.file.seek(offset, Deno.SeekMode.Start);
    let got = 0;
    while (got < length) {
      const n = await this.file.read(bytes.subarray(got));
      if (n === null) break;
      got += n;
    }
    return got === length ? bytes : bytes.slice(0, got);
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.file.close();
  }
}

async function orAbsent<T>(run: () => Promise<T>): Promise<T | undefined> {
  try {
    return await run();
  } catch (fault) {
    const absent = fault instanceof Deno.errors.NotFound ||
      fault instanceof Deno.errors.NotADirectory;
    if (absent) return undefined;
    throw fault;
  }
}
