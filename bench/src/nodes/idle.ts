import { setTimeout as sleep } from "node:timers/promises";
import type { Finding } from "../goals.js";
import { table } from "../report.js";
import { type Clients, type Figures, type Kind, kinds, of, rowsOf, shown, withClients } from "./clients-of-nodes.js";

export interface IdleTerms {
  readonly sizes: readonly number[];
  /** From the last of some searches: by then a pool without requests is idle. */
  readonly settleMs: number;
  readonly intervalMs: number;
  readonly intervals: number;
}

export interface IdleFigures {
  readonly nodes: number;
  /** Processor milliseconds a second, one figure an interval. */
  readonly idle: Figures;
}

/** As in core/health: of three nodes and of a thousand, an idle pool probes so many a second. */
const probesPerSecond = 0.3;

/** Of each client, for each node: what it holds of a node that it has used must cost nothing later. */
const searchesBefore = 5;

/** What a process costs that does nothing, by the number of nodes: all at once, in the same intervals. */
export async function measureIdle({ sizes, settleMs, intervalMs, intervals }: IdleTerms): Promise<IdleFigures[]> {
  const clients = new Map<number, Clients>();
  const figures = new Map(sizes.map((size) => [size, new Map<Kind, number[]>(kinds.map((kind) => [kind, []]))]));
  const measure = async () => {
    for (const [size, ofSize] of clients) {
      const requests = size * searchesBefore;
      await Promise.all([...ofSize.values()].map((client) => client.run({ type: "search", requests, inFlight: 64 })));
    }
    await sleep(settleMs);
    for (let interval = 0; interval < intervals; interval++) {
      const all = [...clients].flatMap(([size, ofSize]) =>
        [...ofSize].map(async ([kind, client]) => {
          const cpuMs = await client.run({ type: "idle", forMs: intervalMs, probesPerSecond });
          figures
            .get(size)
            ?.get(kind)
            ?.push((cpuMs * 1_000) / intervalMs);
        }),
      );
      await Promise.all(all);
    }
  };
  await sizes.reduceRight<() => Promise<void>>(
    (then, size) => () =>
      withClients(size, [], (ofSize) => {
        clients.set(size, ofSize);
        return then();
      }),
    measure,
  )();
  return [...figures].map(([nodes, idle]) => ({ nodes, idle }));
}

/** How a process grows from the fewest nodes on, and beside how bare undici grows. */
export function idleFindings(sizes: readonly IdleFigures[]): readonly Finding[] {
  const [least, ...larger] = sizes;
  if (least === undefined) return [];
  return larger.flatMap(({ nodes, idle }) =>
    (["0", "1"] as const).map((kind): Finding => {
      const way = kind === "0" ? "" : ", through a thread";
      const values = [of(idle, kind) / of(least.idle, kind)];
      return { what: `idle, ${nodes} nodes to ${least.nodes}${way}`, atMost: 1.15, values, digits: 2 };
    }),
  );
}

export function idleSection(sizes: readonly IdleFigures[], { settleMs, intervalMs, intervals }: IdleTerms): string {
  const head = ["", ...sizes.map(({ nodes }) => `${nodes} nodes`)];
  const rows = rowsOf((kind) => sizes.map(({ idle }) => shown(idle, kind, 2)));
  return (
    "## An idle process, in milliseconds of processor time a second\n\n" +
    `The median of ${intervals} intervals of ${intervalMs / 1_000} s, the same for all, from ${settleMs / 1_000} s after ` +
    `${searchesBefore} searches at each node. Without requests for a minute, Rollcall sends three probes in ten seconds, however many nodes there ` +
    "are, and reads the list of all of them every 30 s. Bare undici sends as many `GET /`, to one node after the other, and " +
    `does nothing else.\n\n${table(head, rows)}`
  );
}
