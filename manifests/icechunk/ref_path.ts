/**
 * Where a version 1 repository keeps a branch or tag: `refs/<kind>.<name>/ref.json`.
 *
 * The reference library writes to S3 with the name as it is. On every other storage it goes through
 * the crate `object_store`, which escapes parts of a name (`path/parts.rs`): there the tag `50% é` lies
 * in a folder that is called `tag.50%25 %C3%A9`. Which of the two a repository behind a URL was cannot
 * be told, so a name that the two write differently is looked for in both places.
 */

/** Kinds of version 1 references. */
export type RefKind = "branch" | "tag";

/** What `object_store` escapes besides control characters and all that is not ASCII. */
// deno-lint-ignore no-control-regex
const ESCAPED = /[\x00-\x1f\x7f"#%*<>?[\\\]^`{|}~]|[^\x00-\x7f]+/g;

/**
 * The paths at which a reference may lie, the likelier first, escaped for a URL.
 *
 * @param name without a slash, and well-formed UTF-16
 */
export function refPaths(kind: RefKind, name: string): string[] {
  const folders = new Set([`${kind}.${name}`, `${kind}.${escapeName(name)}`]);
  return [...folders].map(refPath);
}

/** The path of the reference in a folder of `refs/`, escaped for a URL. */
export function refPath(folder: string): string {
  return `refs/${encodeURIComponent(folder)}/ref.json`;
}

/** The kind and name of a folder of `refs/`; undefined if it holds no reference. */
export function refOfFolder(folder: string): { kind: RefKind; name: string } | undefined {
  const match = /^(branch|tag)\.(.+)$/s.exec(folder);
  return match ? { kind: match[1] as RefKind, name: unescapeName(match[2]) } : undefined;
}

function escapeName(name: string): string {
  return name.replace(ESCAPED, (text) =>
    [...new TextEncoder().encode(text)]
      .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`)
      .join(""));
}

/** The name that `object_store` would have written so; a folder that it cannot have written stays. */
function unescapeName(written: string): string {
  try {
    const name = decodeURIComponent(written);
    return escapeName(name) === written ? name : written;
  } catch {
    return written; // its percent signs are its own
  }
}
