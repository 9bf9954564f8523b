/**
 * `deno task soak`: ten minutes of honest load over an origin of whose answers one in a hundred goes
 * wrong, while the attacks of the hostile suite come in turn, and the index is replaced each minute. No
 * byte may be wrong, and what the process holds between attacks may not grow. `deno task soak 30` takes
 * 30 seconds, which are too few to tell growth.
 */

import { pause } from "../peers/load_processes.ts";
import type { Attack } from "./attack.ts";
import { CLIENTS } from "./clients.ts";
import { INDEXES } from "./indexes.ts";
import { Stage } from "./stage.ts";

const SECONDS = Number(Deno.args[0] ?? 600);
/** Seconds of load before growth is told, and bytes that are none: garbage goes up and down by so much. */
const TOLD_AFTER = 300;
const GROWTH = 96 * 2 ** 20;

const attacks: readonly Attack[] = [...CLIENTS[0].attacks, ...INDEXES[0].attacks];
await using stage = await Stage.start({ attacks }, 0.01);
const { scene, bystander, index } = stage;
const since = performance.now();
const elapsed = () => (performance.now() - since) / 1000;
const wrong: string[] = [];
/** Bytes held between attacks. */
const held: number[] = [];
let [right, refused, dropped, replaced, done] = [0, 0, 0, 0, 0];

/** Another index that says the same: another version of all that it holds. */
function replaceIndex(): void {
  const set = JSON.parse(index);
  set.refs[".zattrs"] = JSON.stringify({ replaced: "x".repeat(++replaced) });
  scene.origin.put("/honest.json", JSON.stringify(set));
}

const replacing = setInterval(replaceIndex, Math.min(60_000, SECONDS * 250));
while (elapsed() < SECONDS) {
  const attack = attacks[done++ % attacks.length];
  // what an attack must be answered with is the suite's question; here it is who reads beside it
  const tried = attack.run(scene).catch((error: Error) => `${error.message}`.split("\n")[0]);
  const answer = await Promise.race([tried, pause(60_000).then(() => "no end of it")]);
  await pause(1000);
  held.push(scene.server.resident());
  const seen = await bystander.seen();
  wrong.push(...seen.wrong);
  right += seen.right;
  refused += seen.refused;
  dropped += seen.dropped;
  console.log(
    `${elapsed().toFixed()} s  ${(held.at(-1)! / 2 ** 20).toFixed()} MiB  health at most ${
      seen.health.at(-1)?.toFixed()
    } ms  ${attack.name}: ${answer}`,
  );
}
clearInterval(replacing);

const third = Math.floor(held.length / 3);
const least = (part: number) => Math.min(...held.slice(part * third, (part + 1) * third));
const growth = third > 0 ? least(2) - least(1) : 0;
console.log(
  `${right} honest reads right, ${refused} refused, ${dropped} dropped, ${wrong.length} wrong; ` +
    `index replaced ${replaced} times; ${
      (growth / 2 ** 20).toFixed()
    } MiB more held in the last third`,
);
for (const one of wrong.slice(0, 20)) console.log(`! ${one}`);
const grew = SECONDS >= TOLD_AFTER && growth > GROWTH;
if (grew) console.log("! it grows");
// an exit would not wait for what is to be disposed of
Deno.exitCode = wrong.length > 0 || right === 0 || grew ? 1 : 0;
