import { setTimeout as sleep } from "node:timers/promises";
import { type FixtureCluster, startFixtureCluster } from "@rollcall/testing/fixture";
import { startRedis } from "@rollcall/testing/redis";
import type { Finding } from "../goals.js";
import { type MeasuredProcess, startMeasured } from "../measured-process.js";
import { table } from "../report.js";
import { type FollowerName, type FollowerOptions, followerNames } from "./sniffs-client.js";

/** The shortest that Rollcall takes; long enough to count, short enough to count often. */
const sniffEveryMs = 1_000;
const counts = [1, 2, 4] as const;
const threads = 2;
const restMs = 50;
/** After its start and after a first view, every client sniffs and probes more often. */
const settleMs = 4_000;

/**
 * What a fleet asks of its cluster beside its work: as many processes, each with one client that follows the cluster.
 */
export async function sniffRates(forMs: number): Promise<{
  readonly findings: readonly Finding[];
  readonly section: string;
}> {
  const rows: string[][] = [];
  const rates = new Map<string, Rate>();
  for (const name of followerNames) {
    for (const count of counts) {
      console.log(`${count} x ${name}`);
      const rate = await rateOf(name, count, forMs);
      rates.set(`${name} ${count}`, rate);
      rows.push([`${name}, ${count} processes`, rate.sniffs.toFixed(2), rate.probes.toFixed(2)]);
    }
  }
  const ratio = (what: keyof Rate) =>
    (rates.get(`rollcall ${counts.at(-1)}`)?.[what] ?? Number.NaN) / (rates.get(`rollcall ${counts[0]}`)?.[what] ?? 0);
  return {
    findings: [
      { what: "sniffs/s of 4 replicas to those of 1", atMost: 1.25, values: [ratio("sniffs")], digits: 2 },
      { what: "probes/s of 4 replicas to those of 1", atMost: 1.25, values: [ratio("probes")], digits: 2 },
    ],
    section:
      "## What a fleet asks of the cluster\n\n" +
      `As the nodes count it, over ${forMs / 1_000} s: sniffs are requests for the list of nodes, probes \`GET /\`. All sniff every ` +
      `${sniffEveryMs} ms, and each process searches every ${restMs} ms or so: both official clients sniff only when they are used. ` +
      `Rollcall's replicas have ${threads} threads and one view, over Redis.\n\n` +
      table(["", "sniffs/s", "probes/s"], rows) +
      "\n",
  };
}

interface Rate {
  readonly sniffs: number;
  readonly probes: number;
}

async function rateOf(name: FollowerName, count: number, forMs: number): Promise<Rate> {
  await using cluster = await startFixtureCluster({ kind: "elasticsearch" });
  await using redis = await startRedis();
  const options: FollowerOptions = { name, urls: cluster.urls, sniffEveryMs, redis: redis.url, threads, restMs };
  const fleet: MeasuredProcess<object, unknown>[] = [];
  try {
    for (let process = 0; process < count; process++) {
      fleet.push(await startMeasured(new URL("./sniffs-client.js", import.meta.url), [JSON.stringify(options)]));
    }
    await Promise.all(fleet.map((process) => process.run({})));
    await sleep(settleMs);
    const before = await asked(cluster);
    await sleep(forMs);
    const after = await asked(cluster);
    const seconds = (after.atMs - before.atMs) / 1_000;
    return { sniffs: (after.sniffs - before.sniffs) / seconds, probes: (after.probes - before.probes) / seconds };
  } finally {
    await Promise.all(fleet.map((process) => process.stop()));
  }
}

async function asked(cluster: FixtureCluster): Promise<Rate & { readonly atMs: number }> {
  const { requests } = await cluster.stats();
  return { sniffs: requests.sniff, probes: requests.probe, atMs: performance.now() };
}
