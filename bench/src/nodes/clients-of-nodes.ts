import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { own } from "@rollcall/testing/processes";
import { type MeasuredProcess, startMeasured } from "../measured-process.js";
import { median } from "../statistics.js";
import type { NodesAnswer, NodesOrder } from "./nodes-client.js";

export const kinds = ["undici", "0", "1"] as const;
export type Kind = (typeof kinds)[number];
const labels: Readonly<Record<Kind, string>> = {
  undici: "bare undici",
  "0": "Rollcall, on the calling thread",
  "1": "Rollcall, through a thread",
};

/** By kind: one figure a round. */
export type Figures = ReadonlyMap<Kind, readonly number[]>;

export type Client = MeasuredProcess<NodesOrder, NodesAnswer>;
export type Clients = ReadonlyMap<Kind, Client>;

/** Starts so many nodes and a client of each kind, uses them, and ends all. */
export async function withClients<Result>(
  size: number,
  execArgv: readonly string[],
  use: (clients: Clients) => Promise<Result>,
): Promise<Result> {
  const server = fork(fileURLToPath(new URL("./nodes-server.js", import.meta.url)), [String(size)]);
  const owned = await own(server);
  const clients = new Map<Kind, Client>();
  try {
    const [ports] = (await once(server, "message")) as [readonly number[]];
    const program = new URL("./nodes-client.js", import.meta.url);
    for (const kind of kinds) clients.set(kind, await startMeasured(program, [kind, ...ports.map(String)], execArgv));
    // Each is ready once it has carried out an order.
    await Promise.all(
      [...clients.values()].map((client) => client.run({ type: "idle", forMs: 0, probesPerSecond: 1 })),
    );
    return await use(clients);
  } finally {
    await Promise.all([...clients.values()].map((client) => client.stop()));
    await owned.stop();
  }
}

/** A row of each kind, its label first. */
export function rowsOf(cells: (kind: Kind) => readonly string[]): readonly (readonly string[])[] {
  return kinds.map((kind) => [labels[kind], ...cells(kind)]);
}

/** The median of the rounds. */
export function of(figures: Figures, kind: Kind): number {
  return median(figures.get(kind) ?? []);
}

export function shown(figures: Figures, kind: Kind, digits: number): string {
  return of(figures, kind).toFixed(digits);
}
