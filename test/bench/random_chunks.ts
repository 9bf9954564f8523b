/** Random chunks of the Parquet reference set, the same as in lazy_reference_mapper.py. */

/** Chunks along time, latitude and longitude. */
export const GRID = [8660, 36, 71] as const;

/** Chunk-grid coordinates without end, by Marsaglia's xorshift32. */
export function* randomChunks(): Generator<[number, number, number], never> {
  const [times, rows, columns] = GRID;
  let state = 20020601;
  for (;;) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    const n = (state >>> 0) % (times * rows * columns);
    yield [Math.floor(n / (rows * columns)), Math.floor(n / columns) % rows, n % columns];
  }
}
