import { engineAvailability } from "@rollcall/testing/engines";
import { type ClusterSet, openFixtureClusters, openRealClusters } from "./cluster-sets.js";
import { fullPace, type Pace, quickPace, realPace } from "./pace.js";
import { type Scenario, scenarios } from "./scenarios.js";

/** Where scenarios run: on fixture nodes or on real ones. */
export interface Environment {
  readonly name: "fixture" | "real";
  readonly title: string;
  readonly pauseMs: number;
  readonly pace: Pace;
  readonly scenarios: readonly Scenario[];
  /** For the printed plan: the time before the first scenario, and before each. */
  readonly openMs: number;
  readonly prepareMs: number;
  readonly open: () => Promise<ClusterSet>;
}

export interface EnvironmentOptions {
  readonly quick: boolean;
  /** Only fixture nodes. */
  readonly fixture?: boolean;
  /** Only real nodes. */
  readonly real?: boolean;
  /** Names of scenarios. Default: all. */
  readonly only?: readonly string[];
  /** Of each slot, between two searches. Default 200 ms on fixture nodes, 300 ms on real ones: two cores bear it. */
  readonly pauseMs?: number;
}

/** Prints why real nodes are left out. @throws for an unknown scenario, and where real nodes are wanted but missing */
export async function chooseEnvironments(options: EnvironmentOptions): Promise<readonly Environment[]> {
  const { quick, fixture, real, only, pauseMs } = options;
  const unknown = only?.filter((name) => !scenarios.some((one) => one.name === name)) ?? [];
  if (unknown.length > 0) {
    throw new Error(`no scenario ${unknown.join(", ")}; there are ${scenarios.map(({ name }) => name).join(", ")}`);
  }
  const chosen = scenarios.filter(({ name }) => only?.includes(name) ?? true);
  const onReal = chosen.filter(({ realNodes }) => realNodes);
  const environments: Environment[] = [];
  if (real !== true) {
    environments.push({
      name: "fixture",
      title: "fixture nodes",
      pauseMs: pauseMs ?? 200,
      pace: quick ? quickPace : fullPace,
      scenarios: chosen,
      openMs: 0,
      prepareMs: 5_000,
      open: openFixtureClusters,
    });
  }
  if (fixture !== true && onReal.length > 0 && (await realNodesAvailable(real === true))) {
    environments.push({
      name: "real",
      title: "Elasticsearch 7.17 and OpenSearch 2.19",
      pauseMs: pauseMs ?? 300,
      pace: quick ? { ...quickPace, startMs: realPace.startMs } : realPace,
      scenarios: onReal,
      openMs: 45_000,
      prepareMs: 6_000,
      open: openRealClusters,
    });
  }
  return environments;
}

async function realNodesAvailable(required: boolean): Promise<boolean> {
  const engines = await engineAvailability();
  if (engines.available) return true;
  const missing = engines.missing.join(" and ");
  if (required) throw new Error(`real nodes need ${missing}; install with: ${engines.hint}`);
  console.log(`No real nodes: they need ${missing}.`);
  return false;
}
