import { setTimeout as sleep } from "node:timers/promises";
import { startFixtureCluster } from "@rollcall/testing/fixture";
import { type RedisServer, startRedis } from "@rollcall/testing/redis";
import { type Replica, startReplica } from "../../../test/dist/support/replica/index.js";
import type { Finding } from "../goals.js";
import { table } from "../report.js";
import { median } from "../statistics.js";
import { machineMs } from "./machine-clock.js";

const replicas = 2;
const threads = 2;
const slots = 4;
const pauseMs = 5;
const goalMs = 5_000;
const healthyMs = 2_000;
const awayMs = 3_000;
const pollMs = 20;
const givenUpAfterMs = 30_000;

const outages = {
  "killed, and started again empty": {
    begin: (redis: RedisServer) => redis.kill(),
    end: (redis: RedisServer) => redis.restart(),
  },
  "stopped (SIGSTOP) and continued": {
    begin: async (redis: RedisServer) => redis.freeze(),
    end: async (redis: RedisServer) => redis.thaw(),
  },
} as const;

interface Outage {
  readonly caughtUpMs: number;
  readonly failed: number;
  readonly slowestMs: number;
  readonly healthySlowestMs: number;
}

/**
 * Redis goes away and comes back while a fleet searches: how long until every replica has a beat from after the return,
 * and how the requests fare.
 */
export async function redisOutage(rounds: number): Promise<{
  readonly findings: readonly Finding[];
  readonly section: string;
}> {
  await using cluster = await startFixtureCluster();
  await using redis = await startRedis();
  const fleet: Replica[] = [];
  const found = new Map<string, Outage[]>();
  try {
    for (let count = 0; count < replicas; count++) {
      fleet.push(
        await startReplica({
          pool: { nodes: [...cluster.urls], redis: redis.url, name: "bench", threads },
          load: { slots, pauseMs, request: { method: "POST", path: "/logs/_search", body: { size: 1 } } },
        }),
      );
    }
    await caughtUp(fleet, machineMs());
    for (let round = 0; round < rounds; round++) {
      for (const [name, { begin, end }] of Object.entries(outages)) {
        console.log(`Redis ${name}`);
        const before = await tallied(fleet, () => sleep(healthyMs));
        let caughtUpMs = Number.NaN;
        const meanwhile = await tallied(fleet, async () => {
          await begin(redis);
          await sleep(awayMs);
          await end(redis);
          const backAtMs = machineMs();
          await caughtUp(fleet, backAtMs);
          caughtUpMs = machineMs() - backAtMs;
        });
        const one = { ...meanwhile, caughtUpMs, healthySlowestMs: before.slowestMs };
        found.set(name, [...(found.get(name) ?? []), one]);
      }
    }
  } finally {
    await Promise.all(fleet.map((replica) => replica[Symbol.asyncDispose]()));
  }
  const rows = [...found].map(([name, all]) => {
    const of = (what: keyof Outage) => all.map((outage) => outage[what]);
    return [
      name,
      `${(median(of("caughtUpMs")) / 1_000).toFixed(2)} (${of("caughtUpMs")
        .map((ms) => (ms / 1_000).toFixed(2))
        .join(", ")})`,
      String(of("failed").reduce((sum, failed) => sum + failed, 0)),
      Math.max(...of("slowestMs")).toFixed(0),
      Math.max(...of("healthySlowestMs")).toFixed(0),
    ];
  });
  return {
    findings: [
      ...[...found].map(([name, all]) => ({
        what: `Redis ${name}: until every replica has caught up`,
        atMost: goalMs / 1_000,
        values: all.map(({ caughtUpMs }) => caughtUpMs / 1_000),
        digits: 2,
        unit: " s",
      })),
      {
        what: "requests that failed while Redis was away",
        atMost: 0,
        values: [[...found.values()].flat().reduce((sum, { failed }) => sum + failed, 0)],
        digits: 0,
      },
    ],
    section:
      "## Redis goes away and comes back\n\n" +
      `${replicas} replicas of ${threads} threads, each of which may lead, searching in ${slots} slots each with ${pauseMs} ms of rest. Redis is away for ` +
      `${awayMs / 1_000} s, ${rounds} times each way. *caught up*: from when Redis is back until every replica has a beat ` +
      "from after that, and so the newest view. A killed Redis has lost it: a process must take the lease and publish again.\n\n" +
      table(["Redis is", "caught up, s", "failed requests", "slowest, ms", "slowest while well, ms"], rows) +
      "\n",
  };
}

/** Resolves when every replica has a shared view with a beat from after that moment. */
async function caughtUp(fleet: readonly Replica[], sinceMs: number): Promise<void> {
  for (const replica of fleet) {
    for (;;) {
      const { view } = await replica.ask("stats");
      if (view?.freshness === "fresh" && view.ageMs < machineMs() - sinceMs) break;
      if (machineMs() - sinceMs > givenUpAfterMs) throw new Error("a replica has not caught up");
      await sleep(pollMs);
    }
  }
}

/** What became of the requests of the whole fleet while `during` ran. */
async function tallied(
  fleet: readonly Replica[],
  during: () => Promise<unknown>,
): Promise<{ readonly failed: number; readonly slowestMs: number }> {
  await Promise.all(fleet.map((replica) => replica.ask("forget tally")));
  await during();
  const tallies = await Promise.all(fleet.map((replica) => replica.ask("tally")));
  return {
    failed: tallies.reduce((sum, { failed }) => sum + failed, 0),
    slowestMs: Math.max(...tallies.map(({ slowestMs }) => slowestMs)),
  };
}
