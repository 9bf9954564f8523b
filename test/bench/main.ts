/**
 * The benchmarks, side by side with their peers in one run: every figure comes with its ratio.
 *
 * ```
 * deno task bench            all sections
 * deno task bench serving    one of them
 * ```
 */

import { benchIcechunk } from "./icechunk.ts";
import { benchParquetReferences } from "./parquet_references.ts";
import { benchServing } from "./serving.ts";
import { benchXarray } from "./xarray.ts";
import { benchTurns } from "./turns.ts";

/** Name → what it measures and how. A section is given a folder of its own, removed afterwards. */
const SECTIONS: Record<string, { title: string; run(folder: string): Promise<void> }> = {
  serving: {
    title: "Chunks out of a 512 MB file behind kerchunk JSON, against nginx",
    run: benchServing,
  },
  xarray: {
    title: "xarray reads 3 variables of 1,000 chunks of 100 KB, against fsspec's references",
    run: benchXarray,
  },
  turns: {
    title: "Health while chunks are decoded",
    run: benchTurns,
  },
  parquet: {
    title: "22,134,960 kerchunk Parquet references, against fsspec",
    run: benchParquetReferences,
  },
  icechunk: {
    title: "1,000,000 Icechunk references, against the reference library",
    run: benchIcechunk,
  },
};

const names = Deno.args.length > 0 ? Deno.args : Object.keys(SECTIONS);
const unknown = names.find((name) => !Object.hasOwn(SECTIONS, name));
if (unknown !== undefined) {
  console.error(`bench: no section "${unknown}"; there are ${Object.keys(SECTIONS).join(", ")}`);
  Deno.exit(2);
}
for (const name of names) {
  const { title, run } = SECTIONS[name];
  console.log(`${title}\n`);
  const folder = await Deno.makeTempDir({ prefix: "sluice-bench-" });
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
