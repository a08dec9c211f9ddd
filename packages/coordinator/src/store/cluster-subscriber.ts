import type { Timers } from "@rollcall/core";
import { type Cluster, Redis } from "ioredis";
import { connectTimeoutMs } from "./redis-dialler.js";

export interface ClusterSubscriberParts {
  readonly timers: Timers;
  /** The time before the next attempt. */
  readonly waitMs: () => number;
  /** Gets each client that is made to receive messages, before it connects. */
  readonly prepare: (client: Redis) => void;
}

/** The client of a cluster emits it when messages arrive over another connection: some may have been lost. */
export const otherSubscriber = "otherSubscriber";

/**
 * Has the client of a cluster wait before it replaces the connection over which messages arrive. ioredis replaces one that
 * has ended at once: where Redis refuses it, hundreds of times a second. Subscriptions that ioredis lost on the way can be
 * made again at the event {@link otherSubscriber}.
 */
export function keepClusterSubscriber(cluster: Cluster, { timers, waitMs, prepare }: ClusterSubscriberParts): void {
  // ioredis names that connection in no event.
  const subscriber: unknown = Reflect.get(cluster, "subscriber");
  if (typeof subscriber !== "object" || subscriber === null) return;
  const select: unknown = Reflect.get(subscriber, "selectSubscriber");
  const start: unknown = Reflect.get(subscriber, "start");
  if (typeof select !== "function" || typeof start !== "function") return;
  let isStarting = false;
  let hasConnected = false;
  let cancel = () => {};

  const selectNext = (): Redis | undefined => {
    Reflect.apply(select, subscriber, []);
    const made: unknown = Reflect.get(subscriber, "subscriber");
    if (!(made instanceof Redis)) return undefined;
    // It is made without the options of the others.
    made.options.connectTimeout = connectTimeoutMs;
    made.options.disableClientInfo = true;
    made.once("connect", () => {
      hasConnected = true;
    });
    // Each time that it is replaced, ioredis disconnects it again, and adds a listener to its socket.
    made.once("end", () => Reflect.set(made, "disconnect", () => {}));
    prepare(made);
    return made;
  };
  const replace = () => {
    if (Reflect.get(subscriber, "started") !== true) return;
    const made = selectNext();
    if (made === undefined || !hasConnected) return;
    made.once("ready", () => cluster.emit(otherSubscriber));
    // It waits for a subscription, and the one before may have had none yet.
    if (made.status === "wait") made.connect().catch(() => {});
  };
  // With the client, which has waited.
  Reflect.set(subscriber, "start", () => {
    isStarting = true;
    Reflect.apply(start, subscriber, []);
    isStarting = false;
  });
  Reflect.set(subscriber, "selectSubscriber", () => {
    cancel();
    if (isStarting || Reflect.get(subscriber, "subscriber") === null) selectNext();
    else cancel = timers.after(waitMs(), replace);
  });
}
