/** Local files below allowed roots. */

import type { ByteRange } from "../../byte_range.ts";
import { OriginError, SluiceError } from "../../errors.ts";
import type { SourceFile, Validator } from "../source_file.ts";
import { behindRoom, notModifiedBody, tooLong } from "../body.ts";
import type { FileAccess, OpenFile } from "./file_access.ts";
import type { Origin, OriginBody } from "../origin.ts";
import { hasChanged } from "../validator.ts";

/** Bytes read at a time where a body is streamed. */
const PIECE = 256 * 1024;

/**
 * The files at and below `allow`, which holds `file:` URLs (those that end in `/` are folders).
 *
 * Hidden files are not below a folder; whoever wants them names the hidden folder itself. Symbolic
 * links are followed and must lead to a place that is itself allowed; what was opened is compared with
 * what is there, by device and inode. The entity tag of a
 * file is made of its size and time of change.
 */
export function fileOrigin(files: FileAccess, allow: readonly string[]): Origin {
  const entries = allow.map((entry) => entry.startsWith("/") ? `file://${entry}` : entry)
    .filter((entry) => entry.startsWith("file:")).map((entry) => localPath(new URL(entry)));

  async function locate(url: URL): Promise<string> {
    const path = localPath(url);
    const real = await guarded(url, () => files.realPath(path));
    if (real === undefined) throw absent(url);
    for (const entry of entries) {
      if (!isBelow(entry, path)) continue;
      for (const place of entries) {
        const root = await guarded(url, () => files.realPath(place));
        const end = place.endsWith("/") && root !== "/" ? "/" : "";
        if (root !== undefined && (root === real || isBelow(`${root}${end}`, real))) return real;
      }
    }
    throw new OriginError(
      "origin-not-allowed",
      "A reference leads outside the allowed folder, or to a hidden file",
      { url: url.href, allowWith: new URL(".", url).href },
    );
  }

  async function open(url: URL): Promise<OpenFile> {
    const real = await locate(url);
    const file = await guarded(url, () => files.open(real));
    if (file === undefined) throw absent(url);
    try {
      // a link that was set between the look and the opening leads elsewhere than what was allowed
      const same = await guarded(url, () => files.identity(real)) === file.identity &&
        await locate(url) === real;
      if (same) return file;
    } catch (fault) {
      file.close();
      throw fault;
    }
    file.close();
    throw new OriginError("source-changed", "The file was replaced while it was opened", {
      url: url.href,
    });
  }

  return {
    async read(source, range, options = {}) {
      options.signal?.throwIfAborted();
      const { url } = source;
      const file = await open(url);
      let kept = false;
      try {
        const validator = validatorOfFile(file);
        check(source, file, range, validator);
        if (options.unless && validator && isUnchanged(options.unless, validator)) {
          return notModifiedBody(validator);
        }
        kept = true;
        const place = range ?? { offset: 0, length: file.bytes };
        return new FileBody(file, place, validator, url);
      } finally {
        if (!kept) file.close();
      }
    },

    async head(source) {
      const file = await open(source.url);
      file.close();
      const validator = validatorOfFile(file);
      check(source, file, undefined, validator);
      return { length: file.bytes, validator };
    },

    async list({ url }) {
      const path = await locate(url);
      const entries = await guarded(url, () => files.list(path));
      if (entries === undefined) throw absent(url);
      return entries;
    },
  };
}

/**
 * Whether a path is that of `entry` or, where that is a folder, lies below it and is not hidden there:
 * beside an index in a home folder lie `.ssh` and `.netrc`. Zarr's own documents have dots too.
 */
function isBelow(entry: string, path: string): boolean {
  if (!entry.endsWith("/")) return path === entry;
  const isHidden = /(?:^|\/)\.(?!z(?:array|group|attrs|metadata)$)/.test(path.slice(entry.length));
  return path.startsWith(entry) && !isHidden;
}

function localPath(url: URL): string {
  const path = decodeURIComponent(url.pathname);
  if (!path.includes("\0")) return path;
  throw new OriginError("origin-not-allowed", "A file name has a NUL", { url: url.href });
}

function absent(url: URL): OriginError {
  return new OriginError("reference-unreachable", "There is no such file", {
    url: url.href,
    originStatus: 404,
  });
}

async function guarded<T>(url: URL, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    if (cause instanceof SluiceError) throw cause;
    throw new OriginError(
      "reference-unreachable",
      "The file cannot be read",
      { url: url.href, originStatus: 403 },
      cause,
    );
  }
}

function validatorOfFile(file: OpenFile): Validator | undefined {
  if (file.modified === undefined) return undefined;
  return {
    etag: `"${file.bytes.toString(16)}-${Math.round(file.modified).toString(16)}"`,
    lastModified: Math.floor(file.modified / 1000),
  };
}

function check(
  source: SourceFile,
  file: OpenFile,
  range: ByteRange | undefined,
  validator: Validator | undefined,
): void {
  const context = { url: source.url.href, objectLength: file.bytes };
  if (source.validator && hasChanged(source.validator, validator)) {
    throw new OriginError("source-changed", "The source file is not the one indexed", context);
  }
  if (range && range.offset + range.length > file.bytes) {
    throw range.offset >= file.bytes
      ? new OriginError("reference-unreachable", "The byte range is beyond the end of the file", {
        ...context,
        originStatus: 416,
      })
      : new OriginError("origin-range-mismatch", "The byte range runs past the end", context);
  }
}

function isUnchanged(unless: Validator, found: Validator): boolean {
  return !hasChanged(unless, found) &&
    (unless.etag !== undefined || unless.lastModified !== undefined);
}

class FileBody implements OriginBody {
  constructor(
    private readonly file: OpenFile,
    private readonly range: ByteRange,
    readonly validator: Validator | undefined,
    private readonly url: URL,
  ) {}

  get length(): number {
    return this.range.length;
  }

  get objectLength(): number {
    return this.file.bytes;
  }

  pieces(): ReadableStream<Uint8Array> {
    return this.stream();
  }

  stream(): ReadableStream<Uint8Array> {
    const { offset, length } = this.range;
    let done = 0;
    return new ReadableStream({
      pull: async (controller) => {
        const piece = length === 0 ? undefined : await this.#read(
          offset + done,
          Math.min(PIECE, length - done),
        );
        if (piece) controller.enqueue(piece);
        done += piece?.length ?? 0;
        if (done < length) return;
        this.file.close();
        controller.close();
      },
      cancel: () => this.file.close(),
    }, { highWaterMark: 0 });
  }

  async bytes(maxBytes = Infinity, room = 0): Promise<Uint8Array<ArrayBuffer>> {
    const { offset, length } = this.range;
    if (length > maxBytes) {
      this.file.close();
      throw tooLong(maxBytes, this.url.href);
    }
    const bytes = length === 0 ? new Uint8Array(0) : await this.#read(offset, length);
    this.file.close();
    return behindRoom(bytes, room);
  }

  cancel(): Promise<void> {
    this.file.close();
    return Promise.resolve();
  }

  async #read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = await guarded(this.url, () => this.file.read(offset, length))
      .catch((fault) => {
        this.file.close();
        throw fault;
      });
    if (bytes.length === length) return bytes;
    this.file.close();
    throw new OriginError("origin-range-mismatch", "The file became shorter", {
      url: this.url.href,
      promised: length,
      got: bytes.length,
    });
  }
}
