import { datedName, type Report } from "../report.js";
import { chooseEnvironments, type Environment, type EnvironmentOptions } from "./environments.js";
import { haproxyVersion } from "./haproxy.js";
import { busyText } from "./processors.js";
import { introduction, printPlan, section, tableOf } from "./report-text.js";
import { type RoundResult, runRound } from "./round.js";
import type { Scenario } from "./scenarios.js";
import { startRedisIfInstalled } from "./view-redis.js";

export interface FailoverOptions extends EnvironmentOptions {
  /** Default 1, which takes some twelve minutes. */
  readonly rounds?: number;
  /** Worker threads in each of Rollcall's processes. Default 1. */
  readonly threads?: number;
}

/**
 * Measures what callers see when nodes freeze, die, turn gray and are restarted in turn. All clients run at the same
 * time, so that other load of the machine affects all alike.
 */
export async function failover(options: FailoverOptions): Promise<Report> {
  const { threads = 1 } = options;
  const rounds = options.quick ? 1 : (options.rounds ?? 1);
  const environments = await chooseEnvironments(options);
  await using redis = await startRedisIfInstalled();
  printPlan(environments, rounds);
  const sections: string[] = [];
  const attachments = new Map<string, string>();
  for (const environment of environments) {
    const results = await runEnvironment(environment, rounds, threads, redis?.url);
    for (const [scenario, all] of results) {
      const chartName = `${scenario.name}${environment.name === "real" ? "-real" : ""}.svg`;
      const { text, chart } = section(environment, scenario, all, datedName(`failover-${chartName}`));
      sections.push(text);
      attachments.set(chartName, chart);
    }
  }
  return {
    title: "Failover",
    body: `${introduction(environments, { rounds, threads, hasRedis: redis !== undefined, haproxy: await haproxyVersion() })}\n${sections.join("\n")}`,
    attachments,
  };
}

async function runEnvironment(
  { name, scenarios, open, pace, pauseMs }: Environment,
  rounds: number,
  threads: number,
  redis: string | undefined,
): Promise<ReadonlyMap<Scenario, readonly RoundResult[]>> {
  await using clusterSet = await open();
  const results = new Map<Scenario, RoundResult[]>(scenarios.map((scenario) => [scenario, []]));
  // The rounds of a scenario are apart, so that a busy minute of the machine spoils one round, not all.
  for (let round = 0; round < rounds; round++) {
    for (const [scenario, earlier] of results) {
      console.log(`${new Date().toISOString().slice(11, 19)} ${name} ${scenario.name}, round ${round + 1}`);
      const view = redis === undefined ? {} : { view: { redis, name: `${name}-${scenario.name}-${round}` } };
      const result = await runRound(clusterSet, { pace, pauseMs, scenario, round, threads, ...view });
      earlier.push(result);
      console.log(`\n${busyText([result.busyPart])}\n\n${tableOf(scenario, [result])}`);
    }
  }
  return results;
}
