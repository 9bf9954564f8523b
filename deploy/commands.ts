/** `inspect` and `check`: what they find, as text or JSON on standard output, progress on standard error. */

import type { Dataset } from "../src/catalog/dataset.ts";
import type { Store } from "../src/catalog/store.ts";
import { SluiceError } from "../src/errors.ts";
import { check, type CheckProblem } from "../src/tools/check.ts";
import { explain, isAbsence, placeOf } from "../src/tools/explain.ts";
import { UsageError } from "./command_line.ts";
import { inspect, type InspectReport } from "../src/tools/inspect.ts";

export async function openTarget(dataset: Dataset): Promise<Store> {
  try {
    return await dataset.store(undefined, "portable");
  } catch (error) {
    if (error instanceof SluiceError && isAbsence(error)) {
      throw new UsageError(`reference-unreachable: ${explain(error)}`);
    }
    throw error;
  }
}

export async function inspectCommand(dataset: Dataset, json: boolean): Promise<number> {
  const store = await openTarget(dataset);
  const report = await inspect(
    store,
    (prefix) => dataset.allows(prefix),
    `${dataset.url.href.replace(/\/$/, "")}/`,
    progress("references"),
  );
  console.log(json ? JSON.stringify(report, null, 2) : inspectText(dataset, report));
  return 0;
}

export async function checkCommand(
  dataset: Dataset,
  sample: number,
  json: boolean,
): Promise<number> {
  const store = await openTarget(dataset);
  const report = await check(store, dataset.origin, sample, progress("chunks"));
  if (json) {
    console.log(JSON.stringify(report, null, 2));
  } else {
    for (const [file, problems] of Map.groupBy(report.problems, ({ file }) => file)) {
      console.log(`${file === undefined ? "in the index itself" : placeOf(file)}:`);
      for (const problem of problems) console.log(problemText(problem));
      console.log("");
    }
    const refused = new Set(report.problems.flatMap(({ allowWith }) => allowWith ?? []));
    for (const prefix of refused) {
      console.log(`refs point to ${prefix}; allow it with --origin ${prefix}`);
    }
    for (const doubt of report.doubts) console.log(`! ${doubt}`);
    const { checked, problems } = report;
    console.log(`${checked} chunks checked, ${problems.length} with problems`);
  }
  return report.problems.length > 0 ? 1 : 0;
}

function problemText({ array, coords, code, detail }: CheckProblem): string {
  const key = [array, "c", ...coords].filter((part) => part !== "").join("/");
  return `${key}: ${code}: ${detail}`;
}

function inspectText(dataset: Dataset, report: InspectReport): string {
  const lines = [`${dataset.url.href}`, `version ${report.version}`];
  for (const [label, text] of report.facts) lines.push(`${label} ${text}`);
  for (const { kind, name, snapshot, time, message } of report.versions) {
    const when = time === undefined ? "" : new Date(time).toISOString();
    const what = kind === "snapshot" ? name : `${name} → ${snapshot}`;
    lines.push(`${kind} ${what} ${when} ${message ?? ""}`.trimEnd());
  }
  const rows = report.arrays.map((array) => [
    `/${array.path}`,
    array.shape.map((n, i) => `${array.dimensions[i] ?? "?"}=${n}`).join(" ") || "scalar",
    array.dtype,
    array.chunks.join("×") || "-",
    array.codecs.join(" "),
    array.tier === "pass" || array.tier === "native"
      ? array.tier
      : `${array.tier} → ${array.served.join(" ")}`,
    `${array.refs}/${array.grid}`,
  ]);
  const table = [["array", "shape", "type", "chunks", "codecs", "tier", "refs/grid"], ...rows];
  const widths = table[0].map((_, i) => Math.max(...table.map((row) => row[i].length)));
  for (const row of table) {
    lines.push(row.map((cell, i) => cell.padEnd(widths[i])).join("  ").trimEnd());
  }
  for (const { path, problem } of [...report.arrays, ...report.malformed]) {
    if (problem) lines.push(`! /${path}: ${problem}`);
  }
  lines.push(...report.doubts.map((doubt) => `! ${doubt}`));
  for (const { name, prefix, allowed } of report.containers) {
    const how = prefix === undefined
      ? "not a URL prefix; ignored"
      : allowed
      ? "allowed"
      : `to allow it: "origins": [${JSON.stringify(prefix)}]`;
    lines.push(`container ${name}${prefix && prefix !== name ? ` ${prefix}` : ""}: ${how}`);
  }
  lines.push(`${report.refs} references`);
  if (report.origins.length > 0) {
    lines.push(`origins needed: ${report.origins.join(" ")}`);
  }
  for (const prefix of report.refused) {
    lines.push(`! refs point to ${prefix}; allow it with --origin ${prefix}`);
  }
  return lines.join("\n");
}

/** Tells a count on standard error, at most once a second and not within the first. */
function progress(noun: string): (count: number) => void {
  let last = Date.now();
  return (count) => {
    if (Date.now() - last < 1000) return;
    last = Date.now();
    console.error(`${count} ${noun}…`);
  };
}
