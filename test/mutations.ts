/**
 * Seeded damage for the fuzzers, which are the tests with a seed in their names. They are short by
 * default; `deno task fuzz` is long, `FUZZ=1000` sets the number of mutations, and `SEED=7` repeats a run.
 */

/** Mutations a fuzzer tries. */
export const ROUNDS = Number(Deno.env.get("FUZZ") ?? 400);
/** What a fuzzer's random numbers start from. */
export const SEED = Number(Deno.env.get("SEED") ?? 20_261_121);

/** Numbers below a bound, the same for the same seed. */
export function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(state / 2 ** 32 * below);
  };
}

const ODD = [0, 1, 2, 0x19, 0x1c, 0x7f, 0x80, 0xf9, 0xff, 0x22, 0x5c, 0x5b, 0x5d, 0x7b, 0x7d, 0x2c];

/** `bytes` with some of them changed, moved, repeated or left out. */
export function mutated(bytes: Uint8Array, random: (below: number) => number): Uint8Array {
  let changed = [...bytes];
  for (let i = 0; i <= random(6); i++) {
    const [at, count] = [random(changed.length), random(12)];
    switch (random(5)) {
      case 0:
        changed[at] = random(256);
        break;
      case 1:
        changed[at] = ODD[random(ODD.length)];
        break;
      case 2:
        changed.splice(at, count);
        break;
      case 3:
        changed.splice(at, 0, ...changed.slice(random(changed.length)).slice(0, count));
        break;
      default:
        changed = random(20) === 0 ? changed.slice(0, at) : changed;
    }
    if (changed.length === 0) changed = [0];
  }
  return new Uint8Array(changed);
}
