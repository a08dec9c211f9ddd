import { type Cluster, Redis } from "ioredis";
import { unrefTimer } from "./guarded-connection.js";
import { connectTimeoutMs } from "./redis-dialler.js";

/**
 * Calls `prepare` for each client of one server that there is or will be, before its connections: for the given one, or
 * for those that the client of a cluster makes by itself. The timers of that do not keep the process alive.
 */
export function eachClient(client: Redis | Cluster, prepare: (client: Redis) => void): void {
  if (client instanceof Redis) return prepare(client);
  client.on("reconnecting", () => unrefTimer(Reflect.get(client, "reconnectTimeout")));
  unrefWhenSet(client, "slotsTimer");
  client.on("+node", prepare);
  eachSubscriber(client, (subscriber) => {
    // It is made without the options of the others.
    subscriber.options.connectTimeout = connectTimeoutMs;
    prepare(subscriber);
  });
}

/** ioredis names the connection that receives a cluster's messages in no event. */
function eachSubscriber(cluster: Cluster, prepare: (client: Redis) => void): void {
  const subscriber: unknown = Reflect.get(cluster, "subscriber");
  if (typeof subscriber !== "object" || subscriber === null) return;
  const select: unknown = Reflect.get(subscriber, "selectSubscriber");
  if (typeof select !== "function") return;
  Reflect.set(subscriber, "selectSubscriber", () => {
    Reflect.apply(select, subscriber, []);
    const made: unknown = Reflect.get(subscriber, "subscriber");
    if (made instanceof Redis) prepare(made);
  });
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
