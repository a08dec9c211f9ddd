import type { Timers } from "@rollcall/core";
import { type Cluster, Redis } from "ioredis";
import { type ClusterSubscriberParts, keepClusterSubscriber } from "./cluster-subscriber.js";
import { unrefTimer } from "./guarded-connection.js";
import { NoNodeUsable } from "./redis-problem.js";

/**
 * Calls `prepare` for each client of one server that there is or will be, before its connections: for the given one, or
 * for those that the client of a cluster makes by itself. The timers of that do not keep the process alive, and what goes
 * wrong with a node before it is ready, it emits as an error.
 */
export function eachClient(client: Redis | Cluster, parts: ClusterSubscriberParts): void {
  if (client instanceof Redis) return parts.prepare(client);
  client.on("reconnecting", () => unrefTimer(Reflect.get(client, "reconnectTimeout")));
  unrefWhenSet(client, "slotsTimer");
  sayRefusals(client, parts.timers);
  const nodeFailed = (error: unknown) => {
    if (client.status !== "ready") client.emit("error", new NoNodeUsable(error));
  };
  client.on("node error", nodeFailed);
  client.on("+node", (node: Redis) => {
    parts.prepare(node);
    // A duplicate asks which node has which slots; ioredis has it speak RESP2, though it reads both alike.
    const { duplicate } = node;
    Reflect.set(node, "duplicate", (override: object) => {
      const made = Reflect.apply(duplicate, node, [{ ...override, protocol: 3 }]) as Redis;
      parts.prepare(made);
      made.on("error", nodeFailed);
      return made;
    });
  });
  keepClusterSubscriber(client, parts);
}

/** That of the option `slotsRefreshInterval`: no event says when it begins. */
function unrefWhenSet(cluster: Cluster, name: string): void {
  let timer: unknown = Reflect.get(cluster, name);
  Object.defineProperty(cluster, name, {
    get: () => timer,
    set: (next: unknown) => {
      timer = next;
      unrefTimer(next);
    },
  });
}

const nodeWaitMs = 50;
const nodeWaitsMax = 40;

/**
 * Before the client of a cluster is ready, it asks a node for `CLUSTER INFO`. It gives up at once if that node is being
 * connected, as at most starts, and connects again without a word if the answer is a refusal: this waits, and emits it as
 * an error.
 */
function sayRefusals(cluster: Cluster, timers: Timers): void {
  const check: unknown = Reflect.get(cluster, "readyCheck");
  if (typeof check !== "function") return;
  const checkWith = (done: (error: unknown, state?: string) => void, waits: number) => {
    const answered = (error: unknown, state?: string) => {
      const isEarly =
        error instanceof Error && error.message === "Connection is closed." && cluster.status === "connect";
      if (isEarly && waits < nodeWaitsMax) return void timers.after(nodeWaitMs, () => checkWith(done, waits + 1));
      if (error instanceof Error) cluster.emit("error", error);
      else if (state !== undefined) cluster.emit("error", new Error("CLUSTERDOWN"));
      done(error, state);
    };
    Reflect.apply(check, cluster, [answered]);
  };
  Reflect.set(cluster, "readyCheck", (done: (error: unknown, state?: string) => void) => checkWith(done, 0));
}
