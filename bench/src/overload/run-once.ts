import { setTimeout as sleep } from "node:timers/promises";
import { busyPartOf } from "../failover/processors.js";
import { type MeasuredProcess, startMeasured } from "../measured-process.js";
import type { Call, Contender, Load, Opening } from "./client.js";
import type { NodeReport } from "./node-server.js";
import { type ClusterTerms, perSecondOf } from "./terms.js";

export interface LoadTerms {
  readonly contender: Contender;
  readonly processes: number;
  /** Of all processes together. */
  readonly phases: Load["phases"];
  /** Of all processes together; in place of the rates. */
  readonly callers?: number | undefined;
  /** Another draws other times of calls. */
  readonly round: number;
}

export interface Run {
  readonly calls: readonly Call[];
  /** What the nodes could do, as quick as the machine let them be. */
  readonly perSecond: number;
  readonly busy: number;
}

const program = (name: string) => new URL(`./${name}.js`, import.meta.url);

/** Some processes call what listens at these addresses. The callback is called once, as the load begins. */
export async function underLoad(
  { contender, processes, phases, callers, round }: LoadTerms,
  opening: Opening,
  began: () => void = () => {},
): Promise<{ readonly calls: readonly Call[]; readonly busy: number }> {
  const clients: MeasuredProcess<Opening | Load, readonly Call[]>[] = [];
  try {
    for (let at = 1; at <= processes; at++) {
      clients.push(await startMeasured(program("client"), [contender, String(round * processes + at)]));
    }
    await Promise.all(clients.map((client) => client.run(opening)));
    const load: Load = {
      phases: phases.map(({ ms, perSecond }) => ({ ms, perSecond: perSecond / processes })),
      ...(callers === undefined ? {} : { callers: callers / processes }),
    };
    const calls: Call[] = [];
    began();
    const busy = await busyPartOf(async () => {
      for (const part of await Promise.all(clients.map((client) => client.run(load)))) calls.push(...part);
    });
    return { calls, busy };
  } finally {
    await Promise.all(clients.map((client) => client.stop()));
  }
}

/** The same on nodes of their own, whose pace is measured from then to then. */
export async function onNodes(terms: ClusterTerms, load: LoadTerms, fromMs = 0, toMs = 0): Promise<Run> {
  const nodes: MeasuredProcess<object, NodeReport>[] = [];
  try {
    for (let at = 1; at <= terms.nodes; at++) {
      const seed = load.round * terms.nodes + at;
      nodes.push(await startMeasured(program("node-server"), [JSON.stringify(terms), String(seed)]));
    }
    const reports = () => Promise.all(nodes.map((node) => node.run({})));
    const urls = (await reports()).map(({ port }) => `http://127.0.0.1:${port}`);
    const opening = { urls, timeoutMs: terms.timeoutMs, index: "bench", body: { query: { match_all: {} } }, query: {} };
    let pace: Promise<number> | undefined;
    const measurePace = async () => {
      await sleep(fromMs);
      const before = await reports();
      await sleep(toMs - fromMs);
      return paceOf(terms, before, await reports());
    };
    const measured = await underLoad(load, opening, () => {
      if (toMs > fromMs) pace = measurePace();
    });
    return { ...measured, perSecond: (await pace) ?? perSecondOf(terms) };
  } finally {
    await Promise.all(nodes.map((node) => node.stop()));
  }
}

function paceOf(terms: ClusterTerms, before: readonly NodeReport[], after: readonly NodeReport[]): number {
  return after.reduce((sum, { searches, workedMs }, at) => {
    const earlier = before[at] ?? { searches: 0, workedMs: 0 };
    return sum + (terms.workers * 1_000 * (searches - earlier.searches)) / (workedMs - earlier.workedMs);
  }, 0);
}
