import { setTimeout as sleep } from "node:timers/promises";
import { inTurns } from "../measured-process.js";
import type { ClientSettings, ProcessTrace } from "./client.js";
import { type ClientProcesses, startClientProcesses } from "./client-processes.js";
import type { ClientRun, ClusterSet } from "./cluster-sets.js";
import { noticeMs, type ScenarioTrace, sniffWindowMs } from "./faults.js";
import { callsOf, type FaultInterval, type Figures, figuresOf } from "./figures.js";
import type { Pace } from "./pace.js";
import { busyPartOf } from "./processors.js";
import type { Scenario } from "./scenarios.js";
import type { TargetCluster } from "./target.js";

/** Of each client, unless the options say otherwise. */
export const processCount = 4;
/** Of each process. */
export const slotCount = 16;

export interface RoundOptions {
  readonly pace: Pace;
  readonly pauseMs: number;
  readonly scenario: Scenario;
  /** From 0. */
  readonly round: number;
  /** Of each of Rollcall's processes. */
  readonly threads: number;
  /** Of each client. Default 4. */
  readonly processes?: number;
  /** Where Rollcall's processes share their view. */
  readonly view?: { readonly redis: string; readonly name: string };
}

export interface RoundResult {
  /** The part of the processors' time that the machine used in the healthy seconds. */
  readonly busyPart: number;
  /** In the order of the client runs. */
  readonly clients: readonly ClientResult[];
}

export interface ClientResult {
  readonly label: string;
  readonly figures: Figures;
  readonly healthyFromMs: number;
  readonly intervals: readonly FaultInterval[];
}

/** Runs a scenario with all clients at once; the first to start changes from round to round. */
export async function runRound(clusterSet: ClusterSet, options: RoundOptions): Promise<RoundResult> {
  const { pace, scenario, round } = options;
  const clientRuns = await clusterSet.clientRuns();
  const started = new Map<ClientRun, ClientProcesses>();
  try {
    await Promise.all(
      inTurns(clientRuns, round).map(async (run) =>
        started.set(run, await startClientProcesses(settingsOf(run, options))),
      ),
    );
    const frontsBefore = await cpuOfFronts(clientRuns);
    for (const processes of started.values()) processes.go();
    await sleep(pace.warmUpMs);
    const healthyFromMs = Date.now();
    const busyPart = await busyPartOf(() => sleep(pace.healthyMs));
    const scenarioTraces = await runScenario(scenario, clientRuns, pace);
    await sleep(scenario.kind === "outage" ? pace.afterOutageMs : pace.afterGrayMs);
    const endedAtMs = Date.now();
    const frontsAfter = await cpuOfFronts(clientRuns);
    const clients = await Promise.all(
      clientRuns.map(async (run): Promise<ClientResult> => {
        const { label, contender, cluster } = run;
        const scenarioTrace = scenarioTraces.get(cluster);
        const traces = await started.get(run)?.finish();
        if (scenarioTrace === undefined || traces === undefined) throw new Error(`no trace of ${label}`);
        const times = { healthyFromMs, endedAtMs, nodes: cluster.nodes.length, noticeMs };
        const changes = contender === "rollcall" ? { changes: traces.map((trace) => trace.changes) } : {};
        const sniffs = scenarioTrace.sniffs ?? sniffsOf(traces, scenarioTrace);
        const calls = callsOf(traces);
        const ofFront = (frontsAfter.get(run) ?? 0) - (frontsBefore.get(run) ?? 0);
        const cpuMs = traces.reduce((sum, trace) => sum + trace.cpuMs, ofFront);
        const figures = figuresOf({ ...scenarioTrace, ...times, ...changes, calls, sniffs, cpuMs }, scenario.kind);
        return { label, figures, healthyFromMs, intervals: scenarioTrace.intervals };
      }),
    );
    return { busyPart, clients };
  } finally {
    await Promise.all([...started.values()].map((processes) => processes[Symbol.asyncDispose]()));
    await clusterSet.release(clientRuns);
  }
}

async function cpuOfFronts(clientRuns: readonly ClientRun[]): Promise<ReadonlyMap<ClientRun, number>> {
  return new Map(await Promise.all(clientRuns.map(async (run) => [run, (await run.front?.cpuMs()) ?? 0] as const)));
}

/** Where the nodes do not count: what the processes have sent. */
function sniffsOf(traces: readonly ProcessTrace[], { intervals: [first] }: ScenarioTrace): number {
  const fromMs = first?.faultAtMs ?? 0;
  const isCounted = (atMs: number) => atMs >= fromMs && atMs < fromMs + sniffWindowMs;
  return traces.reduce((sum, { sniffsAtMs }) => sum + sniffsAtMs.filter(isCounted).length, 0);
}

/** Disturbs every cluster once, however many clients it has. */
async function runScenario(
  scenario: Scenario,
  clientRuns: readonly ClientRun[],
  pace: Pace,
): Promise<ReadonlyMap<TargetCluster, ScenarioTrace>> {
  const clusters = [...new Set(clientRuns.map(({ cluster }) => cluster))];
  const traces = await Promise.all(clusters.map(async (one) => [one, await scenario.run(one, pace)] as const));
  return new Map(traces);
}

/** Four processes under load; Rollcall, whose processes inform each other, has a fifth without load. */
function settingsOf(
  { label, contender, cluster, front, checkout }: ClientRun,
  options: RoundOptions,
): ClientSettings[] {
  const { pauseMs, threads, view, processes = processCount } = options;
  const one: ClientSettings = {
    contender,
    urls: front === undefined ? cluster.urls : [front.url],
    slots: slotCount,
    pauseMs,
    threads,
    ...(checkout === undefined ? {} : { checkout }),
    ...(view === undefined ? {} : { shared: { ...view, name: `${view.name}-${label.replaceAll(" ", "-")}` } }),
  };
  const loaded = Array.from({ length: processes }, () => one);
  return contender === "rollcall" ? [...loaded, { ...one, slots: 0 }] : loaded;
}
