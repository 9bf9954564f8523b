/** Reference sets that attacks are made of. */

/** A v2 array's metadata as kerchunk keeps it. */
export function zarray(members: Record<string, unknown>): string {
  return JSON.stringify({
    zarr_format: 2,
    shape: [4],
    chunks: [1],
    dtype: "<i4",
    order: "C",
    fill_value: -1,
    filters: null,
    compressor: null,
    ...members,
  });
}

/** kerchunk JSON of one array `a`. @param chunks chunk → reference */
export function references(
  members: Record<string, unknown>,
  chunks: Record<string, unknown>,
): Record<string, unknown> {
  const refs: Record<string, unknown> = {
    ".zgroup": '{"zarr_format":2}',
    "a/.zarray": zarray(members),
  };
  for (const [chunk, reference] of Object.entries(chunks)) refs[`a/${chunk}`] = reference;
  return { version: 1, refs };
}

/** A dataset of a kerchunk JSON at a path of the hostile origin, which may refer to all there. */
export function jsonSet(at: string, path: string): Record<string, unknown> {
  return { url: `${at}${path}`, format: "kerchunk-json", origins: [at] };
}
