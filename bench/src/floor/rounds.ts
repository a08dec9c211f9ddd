import type { Form } from "../hot-path/contenders.js";
import type { RoundCost, RoundOrder } from "../hot-path/round.js";
import { type Answer, startServers } from "../hot-path/servers.js";
import { inTurns, type MeasuredProcess, startMeasured } from "../measured-process.js";
import { quantile } from "../statistics.js";
import type { FloorContender } from "./floor-contenders.js";

/** What is measured in turns: a contender in so many threads, which gives one answer in one form. */
export interface FloorEntry {
  readonly label: string;
  readonly name: FloorContender;
  readonly threads: number;
  readonly answer: Answer;
  readonly form: Form;
}

export interface RoundsExtent {
  readonly rounds: number;
  readonly forMs: number;
  readonly warmUpMs: number;
  /** Processes of each contender: two of the same differ by a twentieth. */
  readonly copies: number;
}

/** Microseconds of a request, round by round, in the same order for all entries. */
export interface UsPerRequest {
  readonly cpu: readonly number[];
  /** NaN where the system does not report it. */
  readonly main: readonly number[];
}

export const inFlight = 64;
const client = new URL("./floor-client.js", import.meta.url);

/** Of the rounds that the machine has disturbed least. */
export function p10(values: readonly number[]): number {
  return quantile(values, 0.1);
}

/** Runs all entries in turns, each contender in processes of its own. Also gives what kind of nodes answered. */
export async function runRounds(
  entries: readonly FloorEntry[],
  { rounds, forMs, warmUpMs, copies }: RoundsExtent,
): Promise<{ readonly costs: ReadonlyMap<FloorEntry, UsPerRequest>; readonly nodes: string }> {
  await using servers = await startServers();
  const processes = new Map<string, MeasuredProcess<RoundOrder, RoundCost>>();
  const keyOf = ({ name, threads }: FloorEntry, copy: number) => `${name} ${threads} ${copy}`;
  const run = async (entry: FloorEntry, copy: number, ms: number): Promise<RoundCost> => {
    const { name, threads, answer, form } = entry;
    const key = keyOf(entry, copy);
    const one = processes.get(key) ?? (await startMeasured(client, [name, String(threads), ...servers.urls]));
    processes.set(key, one);
    return one.run({ answer, form, forMs: ms, inFlight, requestsMax: 1_000_000 });
  };
  const costs = new Map(entries.map((entry) => [entry, { cpu: [] as number[], main: [] as number[] }]));
  try {
    for (let copy = 0; copy < copies; copy++) for (const entry of entries) await run(entry, copy, warmUpMs);
    for (let round = 0; round < rounds; round++) {
      for (const entry of inTurns(entries, round)) {
        const { requests, cpuMs, mainMs = Number.NaN } = await run(entry, round % copies, forMs);
        costs.get(entry)?.cpu.push((cpuMs * 1_000) / requests);
        costs.get(entry)?.main.push((mainMs * 1_000) / requests);
      }
    }
  } finally {
    await Promise.all([...processes.values()].map((one) => one.stop()));
  }
  return { costs, nodes: servers.kind };
}
