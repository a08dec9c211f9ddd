import { setTimeout as sleep } from "node:timers/promises";
import { waitUntil } from "@rollcall/testing";
import type { FixtureNode } from "@rollcall/testing/fixture";
import { addressOf } from "@rollcall/testing/fixture";
import type { NodeEvent, PoolStats } from "@rollcall/worker";
import type { CoordinatorProcess } from "../support/coordinator-process.js";
import { isComparison, isWell } from "../support/node-health.js";
import type { Replica } from "../support/replica/index.js";

/** A file of these tests runs for minutes, on a machine that may be busy. */
export const scenarioTimeout = { timeout: 700_000 } as const;
export const search = { method: "POST", path: "/logs/_search", body: { size: 1 } } as const;
/** Enough for every node to be used all the time, and little enough to leave the machine to the other processes. */
export const load = { slots: 3, pauseMs: 60, request: search } as const;

/** As if the replica did not compare the node with the others. */
export function stateOf({ nodes }: PoolStats, node: FixtureNode): string | undefined {
  const state = nodes.find(({ address }) => address === addressOf(node))?.state;
  return isWell(state) ? "healthy" : state;
}

/** Every replica uses the nodes of the cluster, and all of them are healthy. */
export function waitUntilAllUp(replicas: readonly Replica[], nodes: readonly FixtureNode[]): Promise<unknown> {
  return waitForState(replicas, nodes, ["healthy"]);
}

export function waitForState(
  replicas: readonly Replica[],
  nodes: readonly FixtureNode[],
  states: readonly string[],
): Promise<unknown> {
  return waitUntil(
    `${nodes.map(({ name }) => name).join(", ")} is ${states.join(" or ")} for each of ${replicas.length} replicas`,
    async () => {
      const all = await Promise.all(replicas.map((replica) => replica.ask("stats")));
      return all.every((stats) => nodes.every((node) => states.includes(stateOf(stats, node) ?? "absent")));
    },
  );
}

/** Each replica answers `more` requests from now on. */
export async function waitUntilServed(replicas: readonly Replica[], more = 30): Promise<void> {
  await Promise.all(
    replicas.map(async (replica) => {
      const { answered } = await replica.ask("tally");
      await waitUntil(
        "the replica's requests are answered",
        async () => (await replica.ask("tally")).answered >= answered + more,
      );
    }),
  );
}

/** The node events of a replica, as "127.0.0.1:9200 healthy -> ejected (connection refused)". */
export function nodeEventsOf({ events }: Replica, about: (event: NodeEvent) => boolean = () => true): string[] {
  return events
    .filter(({ name }) => name === "node")
    .map(({ event }) => event as NodeEvent)
    .filter((event) => !isComparison(event) && about(event))
    .map(({ address, from, to, reason }) => `${address} ${from} -> ${to} (${reason})`);
}

/** The node events in which it ejects a node, sees it down, or drops it. */
export const blamedBy = (replica: Replica): string[] =>
  nodeEventsOf(replica, ({ to }) => to === "ejected" || to === "down" || to === "absent");

export const messagesOf = ({ log }: Pick<CoordinatorProcess, "log">, pattern: RegExp): string[] =>
  log.map(({ msg }) => msg).filter((msg) => pattern.test(msg));

export async function failuresOf(replicas: readonly Replica[]): Promise<string[]> {
  return (await Promise.all(replicas.map((replica) => replica.ask("tally")))).flatMap(({ failures }) => failures);
}

/** Lets a time pass while the load goes on. Nothing may happen in it, so there is no condition to wait for. */
export const passTime = (ms: number): Promise<void> => sleep(ms);

export const closeAll = async (replicas: readonly Replica[]): Promise<void> =>
  void (await Promise.all(replicas.map((replica) => replica.close())));
