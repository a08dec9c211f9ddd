// npm run night: plays the night of docs/operations.md with real processes, prints what log and history tell of it, and
// ends with 1 unless each process tells its part, in order. It takes two minutes.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { waitUntil } from "@rollcall/testing";
import { nodeAt, startFixtureCluster } from "@rollcall/testing/fixture";
import { startTcpProxy } from "@rollcall/testing/proxies";
import { startRedis } from "@rollcall/testing/redis";
import { startCoordinatorProcess } from "../support/coordinator-process.js";
import { startReplica } from "../support/replica/index.js";
import { missingFrom, type Told } from "./told.js";

const program = fileURLToPath(new URL("../../../packages/cli/dist/main.js", import.meta.url));
const withinMs = { timeoutMs: 120_000 };
const search = { method: "POST", path: "/logs/_search", body: { size: 1 } } as const;
/** A hundred searches a second. */
const load = { slots: 2, pauseMs: 20, request: search };

await using redis = await startRedis();
await using cluster = await startFixtureCluster();
const n2 = nodeAt(cluster, 1);
await using way = await startTcpProxy(n2);
const shared = { nodes: [...cluster.urls], redis: redis.url, name: "logs" };
await using coordinator = await startCoordinatorProcess({ ...shared, proxies: [way] });
await using app1 = await startReplica({ pool: { ...shared, coordinator: "candidate" }, load });
await using app2 = await startReplica({ pool: { ...shared, coordinator: "external" }, load });

const told = (): Record<"coordinator" | "app1" | "app2", readonly Told[]> => ({
  coordinator: coordinator.log.map(({ time = 0, event = "", msg }) => ({ atMs: time, event, text: msg })),
  app1: app1.lines,
  app2: app2.lines,
});
const says = (who: keyof ReturnType<typeof told>, event: string) =>
  waitUntil(`${who} says ${event}`, () => told()[who].some((line) => line.event === event), withinMs);
const history = async (): Promise<readonly Told[]> => {
  const words = [program, "history", "--redis", redis.url, "--name", shared.name, "--json"];
  const { stdout } = await promisify(execFile)(process.execPath, words);
  const { entries }: { readonly entries: readonly Told[] } = JSON.parse(stdout);
  return entries;
};
const steps: Told[] = [];
const step = (text: string) => steps.push({ atMs: Date.now(), event: "", text });

await says("app1", "leader.other");
await waitUntil("both serve", async () => {
  const tallies = await Promise.all([app1.ask("tally"), app2.ask("tally")]);
  return tallies.every(({ answered }) => answered > 500);
});
step("the network from the coordinator to n2 is cut");
await way.cut("swallow");
await says("coordinator", "node.disputed");
step("it is restored");
await way.restore();
await says("coordinator", "node.dispute-ended");
step("n2 is killed");
await n2.kill();
await says("coordinator", "node.down");
step("n2 is started again");
await n2.restart();
await says("app1", "node.used-again");
await says("app2", "node.used-again");
await says("coordinator", "node.full-share");
await waitUntil("it is written", async () => (await history()).some(({ event }) => event === "node.full-share"));
step("the coordinator is killed");
await coordinator.process.kill();
await says("app1", "leader.lost");
await says("app2", "view.recovered");
step("Redis is killed, and comes back empty");
await redis.kill();
await says("app2", "redis.lost");
await redis.restart();
await says("app1", "view.refilled");
await waitUntil("the history is back", () =>
  history().then(
    (entries) => entries.some(({ event }) => event === "view.refilled"),
    () => false,
  ),
);

const kept = await history();
const failures = (await Promise.all([app1.ask("tally"), app2.ask("tally")])).flatMap((tally) => tally.failures);
const log = Object.entries(told()).flatMap(([who, lines]) => lines.map((line) => ({ ...line, who })));
for (const { atMs, event, text, who } of [...log, ...steps.map((line) => ({ ...line, who: "---" }))].sort(
  (a, b) => a.atMs - b.atMs,
)) {
  console.log(`${new Date(atMs).toISOString().slice(14, -1)}  ${who.padEnd(11)}  ${event.padEnd(18)}  ${text}`);
}
console.log("\nrollcall history");
for (const { atMs, event, text } of kept) {
  console.log(`${new Date(atMs).toISOString().slice(14, -1)}  ${event.padEnd(20)}  ${text}`);
}

const node = ["node.disputed", "node.dispute-ended", "node.down", "node.recovered", "node.full-share"];
const missing = [
  ...failures.map((failure) => `a request failed: ${failure}`),
  ...missingFrom("coordinator", told().coordinator, ["leader.elected", ...node]),
  ...missingFrom("app1", told().app1, [
    "leader.other",
    "node.ejected",
    "node.used-again",
    "leader.elected",
    "leader.lost",
  ]),
  ...missingFrom("app2", told().app2, ["node.ejected", "node.used-again", "view.recovered", "redis.lost"]),
  ...missingFrom("the history", kept, ["leader.elected", ...node, "leader.elected", "leader.lost", "view.refilled"]),
];
await Promise.all([app1.close(), app2.close()]);
for (const problem of missing) console.error(problem);
process.exitCode = missing.length === 0 ? 0 : 1;
