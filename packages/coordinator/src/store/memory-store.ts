import { type Clock, Listeners } from "@rollcall/core";
import {
  compareVersions,
  type FailureReport,
  type Head,
  type Heartbeat,
  type HistoryEntry,
  historyMax,
  type OperationRequest,
  type OperationResult,
  type PeerProbeRequest,
  type PeerProbeResult,
  type View,
} from "@rollcall/core/view";
import { checkPublication } from "./check-publication.js";
import { MessageRates } from "./message-rates.js";
import type { Lease, ViewStore } from "./view-store.js";

/**
 * The view inside one process: the default without Redis. The rules are those of a shared store, without the network;
 * only a lease does not expire, because its holder cannot die alone.
 *
 * With `initial` the store begins as if that view had been published: every lease comes after it. Its times must be on
 * `clock`, so a view of another store requires the clock of that store.
 */
export function createMemoryStore(clock: Clock, initial?: View): ViewStore {
  const views = new Listeners<View>();
  const reports = new Listeners<FailureReport>();
  const peerProbeRequests = new Listeners<PeerProbeRequest>();
  const peerProbeResults = new Listeners<PeerProbeResult>();
  const heartbeats = new Listeners<Heartbeat>();
  const statusRequests = new Listeners<void>();
  const operations = new Listeners<OperationRequest>();
  const operationResults = new Listeners<OperationResult>();
  const releases = new Listeners<void>();
  const histories = new Listeners<readonly HistoryEntry[]>();
  const rates = new MessageRates(clock);
  let holder: Lease | undefined;
  let epoch = initial === undefined ? 0 : Math.max(initial.topology.version.epoch, initial.marks.version.epoch);
  /** What the holder has published under its lease. */
  let published: Omit<Head, "atMs"> | undefined;
  let view = initial;
  let history: readonly HistoryEntry[] | undefined;
  /** The lease under which it was written. */
  let historyEpoch = 0;

  const holds = (lease: Lease) => holder?.epoch === lease.epoch && holder.leader === lease.leader;
  const show = (next: View) => {
    view = next;
    views.emit(next);
  };

  return {
    isConnected: true,

    async acquire(leader, floorEpoch) {
      if (holder !== undefined && holder.leader !== leader) return undefined;
      epoch = Math.max(epoch, floorEpoch) + 1;
      holder = { epoch, leader };
      published = undefined;
      return holder;
    },

    async renew(lease, beat) {
      if (!holds(lease)) return "lost";
      if (view !== undefined && published !== undefined) {
        show({ ...view, head: { ...view.head, beat, atMs: clock.nowMs() } });
      }
      return "kept";
    },

    async publish(lease, publication) {
      if (!holds(lease)) return false;
      checkPublication(lease, publication, published);
      const { head, topology = view?.topology, marks = view?.marks } = publication;
      if (topology === undefined || marks === undefined) return false;
      const order = published === undefined ? 1 : compareHeads(head, published);
      if (order < 0) {
        holder = undefined;
        return false;
      }
      if (order === 0) return true;
      published = head;
      show({ topology, marks, head: { ...head, atMs: clock.nowMs() } });
      return true;
    },

    // No other client can write to it.
    foreignTo: () => undefined,

    async release(lease) {
      if (!holds(lease)) return;
      holder = undefined;
      if (view !== undefined) view = { ...view, head: { ...view.head, released: true } };
      releases.emit();
    },

    async addHistory(lease, entries, added) {
      if (!holds(lease)) return false;
      const news = entries.slice(entries.length - added);
      const before = historyEpoch === lease.epoch ? (history ?? []) : entries.slice(0, entries.length - added);
      history = [...before, ...news].slice(-historyMax);
      historyEpoch = lease.epoch;
      histories.emit(news);
      return true;
    },

    readHistory: async () => history,
    onHistory: (listener) => histories.add(listener),
    read: async () => view,
    subscribe: (listener) => views.add(listener),
    report: (report) => rates.tryTake("reports") && reports.emit(report),
    onReport: (listener) => reports.add(listener),
    requestPeerProbes: (request) => rates.tryTake("events") && peerProbeRequests.emit(request),
    onPeerProbeRequest: (listener) => peerProbeRequests.add(listener),
    sendPeerProbeResult: (result) => rates.tryTake("probeResults") && peerProbeResults.emit(result),
    onPeerProbeResult: (listener) => peerProbeResults.add(listener),
    heartbeat: (heartbeat) => rates.tryTake("heartbeats") && heartbeats.emit(heartbeat),
    onHeartbeat: (listener) => heartbeats.add(listener),
    missesHeartbeats: () => false,
    requestStatus: () => rates.tryTake("statusRequests") && statusRequests.emit(),
    onStatusRequest: (listener) => statusRequests.add(listener),
    sendOperation: async (request) => {
      if (rates.tryTake("operations")) operations.emit(request);
    },
    onOperation: (listener) => operations.add(listener),
    sendOperationResult: (result) => rates.tryTake("operationResults") && operationResults.emit(result),
    onOperationResult: (listener) => operationResults.add(listener),
    onReleased: (listener) => releases.add(listener),
    onConnected: () => () => {},
    nowMs: () => clock.nowMs(),
    close: async () => {},
  };
}

/** Less than 0 if either document is older; 0 if both are the same. */
function compareHeads(a: Pick<Head, "topology" | "marks">, b: Pick<Head, "topology" | "marks">): number {
  const topology = compareVersions(a.topology, b.topology);
  const marks = compareVersions(a.marks, b.marks);
  return Math.min(topology, marks) < 0 ? -1 : Math.max(topology, marks);
}
