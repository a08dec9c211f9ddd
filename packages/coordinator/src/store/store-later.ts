import { type Logger, logEvent, messageOf, type Unsubscribe } from "@rollcall/core";
import { redisError } from "./redis-problem.js";
import type { ViewStore } from "./view-store.js";

/**
 * A remote store whose client is loaded first. Until then it is a store that does not answer: promises reject with
 * `REDIS`, messages are lost, and `nowMs` is that of `wallNowMs`. Listeners are kept.
 *
 * If the client cannot be loaded it stays like that, and says so in one log line.
 *
 * @param load gives how to open the store, which does not happen after `close`
 */
export function storeLater(load: () => Promise<() => ViewStore>, wallNowMs: () => number, logger: Logger): ViewStore {
  let store: ViewStore | undefined;
  let closed = false;
  const waiting = new Set<(opened: ViewStore) => void>();

  const opening = load()
    .then((open) => {
      if (closed) return;
      store = open();
      for (const add of waiting) add(store);
      waiting.clear();
    })
    .catch((error: unknown) => {
      const problem = messageOf(error);
      logEvent(logger, "redis.client-missing", { problem }, `the client of Redis cannot be loaded: ${problem}`);
    });

  const ask = async <Reply>(send: (opened: ViewStore) => Promise<Reply>): Promise<Reply> => {
    if (store === undefined) throw redisError(new Error("Stream isn't writeable"));
    return send(store);
  };
  const listen = (add: (opened: ViewStore) => Unsubscribe): Unsubscribe => {
    if (store !== undefined) return add(store);
    let remove = () => {};
    const addLater = (opened: ViewStore) => {
      remove = add(opened);
    };
    waiting.add(addLater);
    return () => {
      waiting.delete(addLater);
      remove();
    };
  };

  return {
    get isConnected() {
      return store?.isConnected ?? false;
    },
    acquire: (leader, floorEpoch) => ask((opened) => opened.acquire(leader, floorEpoch)),
    renew: (lease, beat) => ask((opened) => opened.renew(lease, beat)),
    publish: (lease, publication) => ask((opened) => opened.publish(lease, publication)),
    foreignTo: (lease, seen) => store?.foreignTo(lease, seen),
    release: (lease) => ask((opened) => opened.release(lease)),
    addHistory: (lease, entries, added) => ask((opened) => opened.addHistory(lease, entries, added)),
    readHistory: () => ask((opened) => opened.readHistory()),
    onHistory: (listener) => listen((opened) => opened.onHistory(listener)),
    read: () => ask((opened) => opened.read()),
    subscribe: (listener) => listen((opened) => opened.subscribe(listener)),
    report: (report) => store?.report(report),
    onReport: (listener) => listen((opened) => opened.onReport(listener)),
    requestPeerProbes: (request) => store?.requestPeerProbes(request),
    onPeerProbeRequest: (listener) => listen((opened) => opened.onPeerProbeRequest(listener)),
    sendPeerProbeResult: (result) => store?.sendPeerProbeResult(result),
    onPeerProbeResult: (listener) => listen((opened) => opened.onPeerProbeResult(listener)),
    heartbeat: (heartbeat) => store?.heartbeat(heartbeat),
    onHeartbeat: (listener) => listen((opened) => opened.onHeartbeat(listener)),
    missesHeartbeats: () => store?.missesHeartbeats() ?? false,
    requestStatus: () => store?.requestStatus(),
    onStatusRequest: (listener) => listen((opened) => opened.onStatusRequest(listener)),
    sendOperation: (request) => ask((opened) => opened.sendOperation(request)),
    onOperation: (listener) => listen((opened) => opened.onOperation(listener)),
    sendOperationResult: (result) => store?.sendOperationResult(result),
    onOperationResult: (listener) => listen((opened) => opened.onOperationResult(listener)),
    onReleased: (listener) => listen((opened) => opened.onReleased(listener)),
    onConnected: (listener) => listen((opened) => opened.onConnected(listener)),
    nowMs: () => store?.nowMs() ?? wallNowMs(),
    close: async () => {
      closed = true;
      await (store === undefined ? opening : store.close());
    },
  };
}
