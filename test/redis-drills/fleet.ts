import { present } from "@rollcall/core";
import { waitUntil } from "@rollcall/testing";
import { addressOf, nodeAt, startFixtureCluster } from "@rollcall/testing/fixture";
import { startCoordinatorProcess } from "../support/coordinator-process.js";
import { type Replica, startReplica } from "../support/replica/index.js";
import { changeDrains } from "./changing-drains.js";
import type { DrillRedis, ProcessName } from "./drill.js";
import { type Entry, journalOf } from "./journal.js";

/** The processes of a drill, which share one view in Redis and send searches to a fixture cluster. */
export interface Fleet extends AsyncDisposable {
  /** What they have done so far. */
  journal(): Entry[];
  /** Resolves when all replicas follow the fresh view of one leader. */
  steady(): Promise<void>;
  /** Those that have ended: none should. */
  ended(): string[];
}

/** Of each replica: so many searches at a time, each with a pause after it. Enough to see any that fails. */
const load = { slots: 1, pauseMs: 100, request: { method: "POST", path: "/logs/_search", body: { size: 1 } } } as const;

/**
 * A coordinator, a replica that may lead, and two that only read, one of them with a thread. One of three nodes is drained
 * and used again all the time: so there are always new views.
 *
 * @param secret of the view. Default: none
 */
export async function startFleet({ redisFor }: DrillRedis, secret?: string): Promise<Fleet> {
  const opened: AsyncDisposable[] = [];
  const keep = <Part extends AsyncDisposable>(part: Part): Part => {
    opened.push(part);
    return part;
  };
  const close = async () => {
    for (const part of opened.reverse()) await part[Symbol.asyncDispose]();
  };
  try {
    const cluster = keep(await startFixtureCluster({ nodes: 3 }));
    const place = { nodes: cluster.urls, name: "logs" };
    const sealed = present({ secret });
    const redis = redisFor("coordinator");
    const coordinator = keep(
      await startCoordinatorProcess({
        ...place,
        redis: typeof redis === "string" ? redis : JSON.stringify(redis),
        flags: secret === undefined ? [] : ["--secret", secret],
      }),
    );
    const start = async (name: ProcessName, coordinates: "candidate" | "external", threads: number) => {
      const pool = { ...place, ...sealed, redis: redisFor(name), coordinator: coordinates, threads };
      return [name, keep(await startReplica({ pool, load, journal: true }))] as const;
    };
    const replicas: ReadonlyMap<string, Replica> = new Map(
      await Promise.all([
        start("candidate", "candidate", 0),
        start("threaded", "external", 1),
        start("reader", "external", 0),
      ]),
    );
    keep(changeDrains({ ...place, ...sealed, redis: redisFor("reader") }, addressOf(nodeAt(cluster, 2))));
    return {
      journal: () => journalOf(replicas, coordinator),
      async steady() {
        await waitUntil("all replicas follow the fresh view of one leader", async () => {
          const all = await Promise.all([...replicas.values()].map((replica) => replica.ask("stats")));
          const views = all.map(({ view }) => view);
          const leaders = new Set(views.map((view) => `${view?.version.epoch} ${view?.version.leader}`));
          return leaders.size === 1 && views.every((view) => view?.freshness === "fresh" && view.source === "sniff");
        });
      },
      ended: () =>
        [["coordinator", coordinator] as const, ...replicas].flatMap(([name, { process }]) =>
          process.alive ? [] : [name],
        ),
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
