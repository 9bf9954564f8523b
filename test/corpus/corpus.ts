/** Third-party files that tests read in place where they are at hand, and skip visibly elsewhere. */

/** `../shared/corpus` beside the project, or the folder that `SLUICE_CORPUS` names. */
export const CORPUS = Deno.env.get("SLUICE_CORPUS") ??
  new URL("../../../shared/corpus", import.meta.url).pathname;

/** True if there is a file or folder at `path`. */
export function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
