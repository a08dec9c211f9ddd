import { setTimeout as sleep } from "node:timers/promises";
import { startRedis } from "@rollcall/testing/redis";
import { type MeasuredProcess, startMeasured } from "../measured-process.js";
import { type Report, table } from "../report.js";
import { median } from "../statistics.js";
import type { HostMeasure, HostOrder, HostSettings } from "./host.js";
import { threads } from "./logical-replica.js";
import { nodeCount } from "./made-up-nodes.js";
import { beginCosts, type RedisCosts } from "./redis-costs.js";

type Host = MeasuredProcess<HostOrder, { readonly answer: unknown }>;

interface Plan {
  readonly replicas: number;
  readonly hosts: number;
  readonly settleMs: number;
  readonly restMs: number;
  readonly outageMs: number;
  readonly deployMs: number;
}

const whole: Plan = {
  ...{ replicas: 1_000, hosts: 4 },
  ...{ settleMs: 20_000, restMs: 30_000, outageMs: 30_000, deployMs: 300_000 },
};
const short: Plan = { replicas: 60, hosts: 2, settleMs: 12_000, restMs: 6_000, outageMs: 8_000, deployMs: 10_000 };
const fleetPerNode = 20_000;
/** A mark that so many of the replicas have applied has reached all that were there. */
const reachedPart = 0.95;

interface Phase {
  readonly name: string;
  readonly redis: RedisCosts;
  readonly leader: HostMeasure;
  readonly followers: readonly HostMeasure[];
  /** From the beginning of the publication until the last replica has it, for each. */
  readonly lastMs: readonly number[];
  readonly published: number;
}

/**
 * A thousand replicas on one machine: each with the connections to Redis, the subscriptions, heartbeats and reports that
 * a pool has, by the pool's own code, and without threads and connections to nodes. One more leads, in a process alone.
 */
export async function thousand({
  quick,
  deployMs,
}: {
  readonly quick: boolean;
  readonly deployMs?: number;
}): Promise<Report> {
  const plan = { ...(quick ? short : whole), ...(deployMs === undefined ? {} : { deployMs }) };
  await using redis = await startRedis({ config: ["maxclients 12000"] });
  const hosts: Host[] = [];
  const open = async (index: number) => {
    const settings: HostSettings = { url: redis.url, index, mayLead: true, fleetPerNode };
    const host = await startMeasured<HostOrder, { readonly answer: unknown }>(new URL("./host.js", import.meta.url), [
      JSON.stringify(settings),
    ]);
    hosts.push(host);
    return host;
  };
  try {
    const leader = await open(0);
    await leader.run({ order: "start", count: 1, perSecond: 1 });
    await leader.run({ order: "follow", withinMs: 30_000 });
    const followers: Host[] = [];
    for (let index = 1; index <= plan.hosts; index++) followers.push(await open(index));
    const perHost = Math.ceil(plan.replicas / plan.hosts);
    console.log(`${perHost * plan.hosts} replicas start`);
    await Promise.all(followers.map((host) => host.run({ order: "start", count: perHost, perSecond: 25 })));
    const fresh = await Promise.all(followers.map((host) => host.run({ order: "follow", withinMs: 120_000 })));
    console.log(`${fresh.map(({ answer }) => answer).join(" + ")} follow`);
    await sleep(plan.settleMs);
    const phases: Phase[] = [];
    const phase = async (name: string, during: () => Promise<unknown>) => {
      console.log(name);
      phases.push(await measure(name, during));
    };
    const measure = async (name: string, during: () => Promise<unknown>): Promise<Phase> => {
      await Promise.all(hosts.map((host) => host.run({ order: "measure" })));
      const costs = await beginCosts(redis);
      await during();
      const redisCosts = await costs();
      const [ofLeader, ...ofFollowers] = (await Promise.all(hosts.map((host) => host.run({ order: "measure" })))).map(
        ({ answer }) => answer as HostMeasure,
      );
      if (ofLeader === undefined) throw new Error("no leader");
      const { published } = ofLeader;
      const lastMs = published.flatMap(([version, { atMs }]) =>
        reached(version, atMs, ofFollowers, perHost * plan.hosts),
      );
      return { name, redis: redisCosts, leader: ofLeader, followers: ofFollowers, lastMs, published: published.length };
    };
    const die = (dead: readonly number[], reporters: number, overMs: number) =>
      Promise.all(hosts.map((host) => host.run({ order: "die", nodes: dead, reporters, overMs })));

    await phase("at rest", () => sleep(plan.restMs));
    await phase("one node dies, three replicas report it", async () => {
      await die([7], 1, 0);
      await sleep(plan.outageMs);
    });
    await die([], 0, 0);
    await sleep(plan.settleMs);
    await phase("five nodes die, every replica reports each", async () => {
      await die([1, 2, 3, 4, 5], perHost, 2_000);
      await sleep(plan.outageMs);
    });
    await die([], 0, 0);
    await sleep(plan.settleMs);
    await phase(`a deploy replaces all in ${plan.deployMs / 1_000} s`, () =>
      Promise.all(followers.map((host) => host.run({ order: "replace", overMs: plan.deployMs }))),
    );
    return report(plan, phases);
  } finally {
    await Promise.all(hosts.map((host) => host.stop()));
  }
}

function reached(version: string, atMs: number, followers: readonly HostMeasure[], replicas: number): number[] {
  const applied = followers.flatMap((host) => host.applied.filter(([one]) => one === version).map(([, seen]) => seen));
  const count = applied.reduce((sum, seen) => sum + seen.count, 0);
  return count < replicas * reachedPart ? [] : [Math.max(...applied.map(({ lastMs }) => lastMs)) - atMs];
}

function report(plan: Plan, phases: readonly Phase[]): Report {
  const percent = (part: number) => `${(part * 100).toFixed(1)} %`;
  const kilobytes = (bytes: number) => `${(bytes / 1_000).toFixed(0)}`;
  const ms = (values: readonly number[], of: (values: readonly number[]) => number) =>
    values.length === 0 ? "-" : of(values).toFixed(0);
  const rows = phases.map(({ name, redis, leader, followers, lastMs, published }) => {
    const cpuMs = followers.reduce((sum, host) => sum + host.cpuMs, 0);
    const replicas = followers.reduce((sum, host) => sum + host.replicas, 0);
    return [
      name,
      percent(redis.cpu),
      redis.commands.toFixed(0),
      kilobytes(redis.bytesIn),
      kilobytes(redis.bytesOut),
      percent(leader.cpuMs / redis.overMs),
      `${leader.lagP99Ms.toFixed(0)} / ${leader.lagMaxMs.toFixed(0)}`,
      `${lastMs.length} of ${published}`,
      `${ms(lastMs, median)} / ${ms(lastMs, (values) => Math.max(...values))}`,
      ((cpuMs * 1_000) / redis.overMs / replicas).toFixed(2),
    ];
  });
  const costs = phases.map(({ name, redis }) => {
    const parts = redis.costliest.map(
      ({ command, calls, cpu }) => `${command.replace("|", " ")} ${percent(cpu)} (${calls.toFixed(0)}/s)`,
    );
    return `- ${name}: ${parts.join(", ")}\n`;
  });
  const notes = phases.map(({ name, leader, followers }) => {
    const fresh = followers.reduce((sum, host) => sum + host.fresh, 0);
    const warnings = [leader, ...followers].flatMap((host) =>
      host.warnings.map(([event, count]) => `${event} ${count}`),
    );
    const lag = Math.max(...followers.map(({ lagP99Ms }) => lagP99Ms)).toFixed(0);
    const said = warnings.length === 0 ? "none" : warnings.join(", ");
    return `- ${name}: ${fresh} fresh at the end; loops of the replicas' processes late by up to ${lag} ms (p99); warnings: ${said}\n`;
  });
  const body =
    `${plan.replicas} replicas of ${threads} threads and a cluster of ${nodeCount} nodes, in ${plan.hosts} processes; each ` +
    "may lead, so it has two connections to Redis. The replica that leads has a process of its own. Heartbeats name 32 " +
    "nodes each, as those of pools in full work do, and share a connection budget. Redis runs beside them, on the same " +
    "processors: a replica waits for its turn there, which none on a machine of its own does.\n\n" +
    `${table(
      [
        "",
        "Redis, of a processor",
        "commands/s",
        "in, KB/s",
        "out, KB/s",
        "leader, of a processor",
        "its loop late by, p99 / greatest, ms",
        "publications of marks that all have",
        "mark to the last replica, median / greatest, ms",
        "each replica, ms of processor a second",
      ],
      rows,
    )}\nWhat cost Redis the most, within commands; the rest is reading and writing of sockets:\n\n${costs.join("")}\n` +
    `${notes.join("")}`;
  return { title: "A thousand replicas, one view", body };
}
