/**
 * `deno task test:hostile`: attacks the real process, under few file descriptors and a small heap, while
 * an honest client reads beside it. Prints what came of each attack, how long health took and what the
 * process held at most. `deno task test:hostile bomb` runs the attacks that have `bomb` in their names;
 * `--write` puts the table of what was attacked into docs/hostile.md. Exits with 1 if one did harm.
 */

import { pause, type ServerProcess } from "../peers/load_processes.ts";
import type { Attack, Group } from "./attack.ts";
import type { Seen } from "./bystander.ts";
import { CLIENTS } from "./clients.ts";
import { INDEXES } from "./indexes.ts";
import { ORIGINS } from "./origins.ts";
import { Stage } from "./stage.ts";

const GROUPS: readonly Group[] = [...CLIENTS, ...INDEXES, ...ORIGINS];

/** Milliseconds that health may take: far more than an idle machine needs, for one that is not. */
const HEALTH_MS = 1000;
/** Bytes that the process may hold at most: its heap, the budgets of its catalog, and the runtime. */
const RESIDENT_BYTES = 1.75 * 2 ** 30;
/** Milliseconds after which an attack is taken to have stopped the process. */
const PATIENCE_MS = 60_000;

/** What came of an attack. */
interface Outcome {
  readonly attack: Attack;
  readonly answer: string;
  readonly harm: readonly string[];
  readonly seen: Seen;
  readonly seconds: number;
  /** Bytes that the process held at most. */
  readonly peak: number;
}

async function settle(stage: Stage): Promise<void> {
  while ((await stage.bystander.seen()).right === 0) await pause(50);
}

async function suffer(stage: Stage, attack: Attack): Promise<Outcome> {
  const { server } = stage.scene;
  await stage.bystander.seen();
  await Deno.writeTextFile(`/proc/${server.pid}/clear_refs`, "5"); // forgets the peak so far
  const since = performance.now();
  const harm: string[] = [];
  let answer = "";
  let timer: ReturnType<typeof setTimeout> | undefined;
  const patience = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("no end of it")), PATIENCE_MS);
  });
  try {
    answer = await Promise.race([attack.run(stage.scene), patience]);
  } catch (error) {
    harm.push((error as Error).message);
  }
  clearTimeout(timer);
  const seconds = (performance.now() - since) / 1000;
  // what came of it is seen by a bystander who has looked again since
  await pause(300);
  const seen = await stage.bystander.seen();
  const slowest = seen.health.at(-1) ?? Infinity;
  const peak = peakOf(server);
  if (peak === undefined) harm.push("the process has ended");
  else if (peak > RESIDENT_BYTES) harm.push(`it held ${mebibytes(peak)}`);
  if (slowest > HEALTH_MS) harm.push(`health took ${slowest.toFixed()} ms`);
  // one in twenty: a new connection may have to make room for newer ones before it is heard
  if (seen.ill > seen.health.length / 20) harm.push(`health was not answered ${seen.ill} times`);
  if (seen.dropped >= seen.right) {
    harm.push(
      `the honest client read ${seen.right} chunks, and lost its connection ${seen.dropped} times`,
    );
  }
  harm.push(...seen.wrong.slice(0, 3));
  return { attack, answer, harm, seen, seconds, peak: peak ?? 0 };
}

/** Bytes that a process held at most; undefined once it has ended. */
function peakOf(server: ServerProcess): number | undefined {
  try {
    const status = Deno.readTextFileSync(`/proc/${server.pid}/status`);
    const kibibytes = /^VmHWM:\s*(\d+) kB/m.exec(status)?.[1]; // a dead one has none
    return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed()} MiB`;

/** A number of a sorted list such that `part` of them are not above it. */
function quantile(sorted: readonly number[], part: number): string {
  return (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN).toFixed();
}

function report({ attack, answer, harm, seen, seconds, peak }: Outcome): void {
  const { health, right, refused, dropped } = seen;
  console.log(`${harm.length > 0 ? "HARM" : "ok  "} ${attack.point}: ${attack.name}
       ${answer}
       ${seconds.toFixed(1)} s; health ${quantile(health, 0.5)} ms, 99 % ${
    quantile(health, 0.99)
  } ms, at most ${
    quantile(health, 1)
  } ms; honest reads ${right} right, ${refused} refused, ${dropped} dropped; ${
    mebibytes(peak)
  } at most`);
  for (const one of harm) console.log(`     ! ${one}`);
}

/** Does all attacks of a group, on a new process after each that did harm. */
async function take(group: Group): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  let left = group.attacks;
  while (left.length > 0) {
    await using stage = await Stage.start({ ...group, attacks: left });
    await settle(stage);
    for (const attack of left) {
      const outcome = await suffer(stage, attack);
      report(outcome);
      outcomes.push(outcome);
      left = left.slice(1);
      if (outcome.harm.length > 0) break;
    }
  }
  return outcomes;
}

const TABLE = new URL("../../docs/hostile.md", import.meta.url);

/** Puts what was attacked into the page, behind its mark. */
async function writeTable(outcomes: readonly Outcome[]): Promise<void> {
  const mark = "<!-- generated: deno task test:hostile --write -->";
  const text = await Deno.readTextFile(TABLE);
  const rows = outcomes.map(({ attack, answer, seen, peak }) =>
    [
      attack.name,
      attack.before,
      answer,
      `${quantile(seen.health, 0.99)} ms`,
      mebibytes(peak),
    ].map((cell) => cell.replaceAll("|", "\\|")).join(" | ")
  );
  const head =
    "| attack | before | after | health, 99 % | memory at most |\n| --- | --- | --- | --- | --- |";
  const table = [head, ...rows.map((row) => `| ${row} |`)].join("\n");
  const kept = text.slice(0, text.indexOf(mark) + mark.length);
  await Deno.writeTextFile(
    TABLE,
    `${kept}\n\n<!-- deno-fmt-ignore-start -->\n\n${table}\n\n<!-- deno-fmt-ignore-end -->\n`,
  );
}

const asked = Deno.args.filter((arg) => !arg.startsWith("-"));
const outcomes: Outcome[] = [];
for (const group of GROUPS) {
  const attacks = group.attacks.filter(({ point, name }) =>
    asked.length === 0 || asked.some((part) => `${point}: ${name}`.includes(part))
  );
  outcomes.push(...await take({ ...group, attacks }));
}
const harmful = outcomes.filter(({ harm }) => harm.length > 0);
console.log(`\n${outcomes.length} attacks, ${harmful.length} did harm`);
for (const { attack } of harmful) console.log(`! ${attack.point}: ${attack.name}`);
if (Deno.args.includes("--write")) await writeTable(outcomes);
Deno.exit(harmful.length > 0 || outcomes.length === 0 ? 1 : 0);
