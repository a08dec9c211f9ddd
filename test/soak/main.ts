// npm run soak -- [--minutes N] [--seed N] [--log]: a mixed load through four replicas while nodes, Redis and the
// coordinator fail in turns, by a seed. Ends with 1 for an error that no fault explains, a write that was done twice, memory
// or sockets that grow, and for anything that is left after close().
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { seededRandom, waitUntil } from "@rollcall/testing";
import { nodeAt } from "@rollcall/testing/fixture";
import { type FaultInterval, type FaultName, isAllowed } from "./allowed-errors.js";
import { nodeFaults, viewFaults } from "./faults.js";
import { growthOf, hasGrown } from "./growth.js";
import { inTurns } from "./in-turns.js";
import { callKinds } from "./messages.js";
import { watchProcessorTime } from "./processor-time.js";
import { type Rig, startRig } from "./rig.js";
import { wrongWrites } from "./wrong-writes.js";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "60" },
    seed: { type: "string" },
    log: { type: "boolean", default: false },
  },
});
const minutes = Number(values.minutes);
if (!(minutes > 0)) throw new Error(`--minutes must be a number above 0, not ${values.minutes}`);
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
const random = seededRandom(seed);
/** The first part of the run is warm-up, at most ten minutes: code is compiled, and pools fill. */
const warmUpMs = Math.min(10, minutes / 4) * 60_000;
const calmMs = { least: 8_000, more: 6_000 };
/** Every so many rounds something happens to the view as well. */
const partWithViewFault = 0.4;

const beganMs = Date.now();
const problems: string[] = [];
const say = (text: string) => {
  const seconds = Math.round((Date.now() - beganMs) / 1_000);
  console.log(`${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")} ${text}`);
};
const problem = (text: string) => {
  problems.push(text);
  say(`WRONG: ${text}`);
};

const faults: FaultInterval[] = [];
/** When the machine held the soak up. */
const starved: FaultInterval[] = [];
let unjudged = 0;
const judged = new Map<string, number>();

function judgeErrors({ replicas }: Rig): void {
  for (const { name, failed } of replicas) {
    for (const call of failed.slice(judged.get(name) ?? 0)) {
      if (isAllowed(call, faults)) continue;
      if (isAllowed(call, starved)) unjudged++;
      else problem(`${name}: a ${call.kind} of ${call.endedMs - call.beganMs} ms: ${call.error}: ${call.message}`);
    }
    judged.set(name, failed.length);
  }
}

async function suffer(fault: FaultName, run: () => Promise<void>): Promise<void> {
  const interval: FaultInterval = { fault, beganMs: Date.now() };
  faults.push(interval);
  await run();
  interval.endedMs = Date.now();
}

const entriesOf = <Value>(faultsByName: Readonly<Partial<Record<FaultName, Value>>>) =>
  Object.entries(faultsByName) as [FaultName, Value][];
const nextNodeFault = inTurns(entriesOf(nodeFaults), random);
const nextViewFault = inTurns(entriesOf(viewFaults), random);

async function round(rig: Rig): Promise<void> {
  const node = nodeAt(rig.cluster, Math.floor(random() * rig.cluster.nodes.length));
  const [name, begin] = nextNodeFault.next().value;
  const withView = random() < partWithViewFault ? nextViewFault.next().value : undefined;
  say(`${name}${name === "overload" ? "" : ` (${node.name})`}${withView === undefined ? "" : `, and ${withView[0]}`}`);
  const ofView = withView && suffer(withView[0], () => withView[1](rig, node));
  await Promise.all([suffer(name, () => begin(rig, node)), ofView]);
  await sleep(calmMs.least + random() * calmMs.more);
  judgeErrors(rig);
  await sample(rig);
}

async function sample({ cluster, redis, replicas, socketsMax }: Rig): Promise<void> {
  await Promise.all(replicas.map((replica) => replica.sample()));
  for (const node of cluster.nodes) {
    const { openConnections } = await node.counts();
    if (openConnections > socketsMax) problem(`${node.name} has ${openConnections} connections; ${socketsMax} may be`);
  }
  const keys = await redis.client.dbsize();
  if (keys > 100) problem(`Redis has ${keys} keys`);
  const held = replicas.map(({ samples }) => {
    const { heap = 0, code = 0, rss = 0, objects, resources } = samples.at(-1)?.held ?? {};
    const [heapMb, codeMb, rssMb] = [heap, code, rss].map((bytes) => (bytes / 1e6).toFixed(1));
    return `${heapMb}+${codeMb}/${rssMb} MB ${objects} ${resources}`;
  });
  say(`  heap+code/RSS, objects and handles: ${held.join(", ")}; Redis: ${keys} keys`);
}

async function finish(rig: Rig): Promise<void> {
  const { cluster, redis, replicas, coordinator } = rig;
  for (const replica of replicas) {
    const pending = await replica.stop();
    if (pending > 0) problem(`${replica.name}: ${pending} calls have not ended`);
  }
  judgeErrors(rig);
  await sample(rig);
  for (const replica of replicas) {
    const left = await replica.close();
    if (left.length > 0) problem(`${replica.name}: after close() there is still ${left.join(", ")}`);
  }
  const { code, signal } = await coordinator.process.stop();
  if (code !== 0) problem(`the coordinator ended with ${signal ?? code}`);
  await waitUntil("the nodes have no connection left", async () => (await cluster.stats()).openConnections === 0, {
    timeoutMs: 20_000,
  }).catch((error: Error) => problem(error.message));
  await waitUntil(
    "Redis has no client left but this one",
    async () => `${await redis.client.client("LIST")}`.trim().split("\n").length === 1,
    { timeoutMs: 20_000 },
  ).catch((error: Error) => problem(error.message));
  const { documents } = await cluster.stats();
  const writes = replicas.flatMap((replica) => replica.writes);
  for (const wrong of wrongWrites(writes, documents)) problem(wrong);
  say(`${writes.length} writes, ${documents.size} documents`);
}

function report({ replicas }: Rig): void {
  const times = new Map<string, number>();
  for (const { fault } of faults) times.set(fault, (times.get(fault) ?? 0) + 1);
  const starvedMs = starved.reduce((sum, { beganMs: fromMs, endedMs = fromMs }) => sum + endedMs - fromMs, 0);
  console.log(
    `\nwithout processor time for ${(starvedMs / 1_000).toFixed(0)} s, which alone explains ${unjudged} errors`,
  );
  console.log("\nfaults");
  for (const [fault, count] of times) console.log(`  ${count} x ${fault}`);
  for (const { name, answered, failed, samples } of replicas) {
    console.log(`\n${name}`);
    for (const kind of callKinds) {
      const errors = new Map<string, number>();
      for (const { error } of failed.filter((call) => call.kind === kind))
        errors.set(error, (errors.get(error) ?? 0) + 1);
      const shown = [...errors].map(([error, count]) => `, ${count} ${error}`).join("");
      console.log(`  ${kind}: ${answered.get(kind) ?? 0} well${shown}`);
      if ((answered.get(kind) ?? 0) === 0 && minutes >= 5) problem(`${name}: no ${kind} was answered`);
    }
    for (const growth of growthOf(samples, beganMs + warmUpMs)) {
      const [mean, rise, allowed] = [growth.mean, growth.rise, growth.allowed].map((value) =>
        /^(objects|resources)/.test(growth.series) ? value.toFixed(1) : `${(value / 1e6).toFixed(2)} MB`,
      );
      console.log(
        `  ${growth.series}: mean ${mean}, rises ${rise} (${Math.round(growth.spanMs / 60_000)} minutes; ${allowed} may be)`,
      );
      if (hasGrown(growth)) problem(`${name}: ${growth.series} grows`);
    }
  }
}

say(`seed ${seed}, ${minutes} minutes`);
await using rig = await startRig(seed, (process, text) => {
  if (values.log) say(`    ${process} ${text}`);
});
using _watch = watchProcessorTime(
  () => rig.pids(),
  (fromMs, toMs) => starved.push({ fault: "no processor time", beganMs: fromMs, endedMs: toMs }),
);
await sleep(calmMs.least);
while (Date.now() < beganMs + minutes * 60_000) await round(rig);
await finish(rig);
report(rig);
console.log(problems.length === 0 ? "\nall was well" : `\n${problems.length} problems, the first: ${problems[0]}`);
process.exitCode = problems.length === 0 ? 0 : 1;
