import type { Clock } from "@rollcall/core";
import type { View } from "@rollcall/core/view";
import type { FailureReport, Lease, ViewStore } from "./view-store.js";

/** The view inside one process: the embedded default. The same rules as between processes, without the network. */
export function createMemoryStore(clock: Clock): ViewStore {
  const readers = new Set<(view: View) => void>();
  const reportListeners = new Set<(report: FailureReport) => void>();
  let holder: Lease | undefined;
  let epoch = 0;
  let view: View | undefined;

  const holds = (lease: Lease) => holder?.epoch === lease.epoch && holder.leader === lease.leader;
  const show = (next: View) => {
    view = next;
    for (const reader of readers) reader(next);
  };

  return {
    async acquire(leader) {
      if (holder !== undefined && holder.leader !== leader) return undefined;
      holder = { epoch: ++epoch, leader };
      return holder;
    },

    async renew(lease, beat) {
      if (!holds(lease)) return false;
      if (view !== undefined) show({ ...view, head: { ...view.head, beat, atMs: clock.nowMs() } });
      return true;
    },

    async publish(lease, { head, topology = view?.topology, marks = view?.marks }) {
      if (!holds(lease)) return false;
      if (topology === undefined || marks === undefined) {
        throw new TypeError("the first publication must bring both documents");
      }
      show({ topology, marks, head: { ...head, atMs: clock.nowMs() } });
      return true;
    },

    async release(lease) {
      if (holds(lease)) holder = undefined;
    },

    async read() {
      return view;
    },

    subscribe(listener) {
      readers.add(listener);
      return () => readers.delete(listener);
    },

    report(report) {
      for (const listener of reportListeners) listener(report);
    },

    onReport(listener) {
      reportListeners.add(listener);
      return () => reportListeners.delete(listener);
    },

    nowMs: () => clock.nowMs(),
  };
}
