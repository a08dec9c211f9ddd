import { MessageChannel } from "node:worker_threads";
import { ClusterAccess, systemTimers } from "@rollcall/coordinator";
import { runAtOnce, silentLogger } from "@rollcall/core";
import type { PoolConfig } from "@rollcall/core/config";
import {
  decodeMarks,
  decodeTopology,
  encodeMarks,
  encodeTopology,
  type Topology,
  type View,
} from "@rollcall/core/view";
import { ClusterState } from "../../../packages/worker/dist/cluster-state/cluster-state.js";
import { createNodeTable } from "../../../packages/worker/dist/cluster-state/node-table.js";
import type { Target } from "../../../packages/worker/dist/dispatch/target.js";
import { applyView, noRows } from "../../../packages/worker/dist/table/apply-view.js";
import { type CostList, heapBytesOf, medianMs } from "./cost-list.js";
import type { ViewSample } from "./view-sample.js";

/** What the threads get. */
export interface MainResult {
  readonly words: Int32Array;
  readonly targets: readonly Target[];
}

/** Measures what a view costs the leader that encodes it, and the main thread that reads it and keeps its nodes. */
export function measureMain(
  sample: ViewSample,
  config: PoolConfig,
  layout: { readonly slots: number; readonly threads: number },
  list: CostList,
): MainResult {
  const { nodes, topology, marked } = sample;
  const topologyBytes = encodeTopology(topology);
  const marksBytes = encodeMarks(sample.marksOf(1));
  list.kilobytes("list of nodes in Redis", topologyBytes.byteLength);
  list.milliseconds(
    "leader: encode the list",
    medianMs(() => encodeTopology(topology)),
  );
  list.milliseconds(
    "replica: decode and check the list",
    medianMs(() => decodeTopology(topologyBytes)),
  );
  list.milliseconds(
    `replica: decode ${marked} marks`,
    medianMs(() => decodeMarks(marksBytes)),
  );

  const { rows } = runAtOnce(applyView(noRows(), nodes, [], layout.slots));
  list.milliseconds(
    "main: give every node a slot",
    medianMs(() => runAtOnce(applyView(noRows(), nodes, [], layout.slots))),
  );
  list.milliseconds(
    "main: the same list again",
    medianMs(() => runAtOnce(applyView(rows, nodes, [], layout.slots))),
  );

  const access = new ClusterAccess(config, systemTimers, silentLogger);
  let targets: readonly Target[] = [];
  const open = () => {
    const table = createNodeTable(layout);
    const state = new ClusterState({
      seeds: [],
      table,
      access,
      // No request fails here, so that nothing is probed.
      prober: { probe: async () => ({ kind: "void", reason: "bench" }) },
      listener: { nodeChanged() {}, viewApplied() {}, tableChanged() {} },
      timers: systemTimers,
      random: Math.random,
      logger: silentLogger,
    });
    const sender = {
      apply: (delivered: readonly Target[]) => {
        targets = delivered;
      },
      reroute() {},
      pump() {},
    };
    state.connect(sender, { report() {}, nowMs: () => systemTimers.nowMs() });
    const apply = (view: View) => state.apply(view, "fresh", "shared");
    return { words: table.words, apply };
  };
  list.milliseconds(
    "main: keep a first view, all of it",
    medianMs(() => open().apply(sample.viewOf(1))),
  );
  const { words, apply } = open();
  let sequence = 1;
  apply(sample.viewOf(sequence));
  list.milliseconds(
    "main: new marks",
    medianMs(() => apply(sample.viewOf(++sequence))),
  );
  let lists = 1;
  const changedList = () => sample.topologyOf(++lists, nodes.slice(0, -1 - (lists % 2)));
  list.milliseconds(
    "main: a list with one node more or less",
    medianMs(() => apply(sample.viewOf(++sequence, changedList()))),
  );
  apply(sample.viewOf(++sequence, sample.topologyOf(++lists, nodes)));

  const { port1, port2 } = new MessageChannel();
  list.milliseconds(
    "main: post the list to one thread",
    medianMs(() => port1.postMessage({ topology: 1, targets })),
  );
  port1.close();
  port2.close();
  list.heap(
    "memory of main for the view",
    heapBytesOf(open, (one) => one.apply(sample.viewOf(1, decoded(topologyBytes)))),
  );
  return { words, targets };
}

function decoded(bytes: Uint8Array): Topology {
  const result = decodeTopology(bytes);
  if (!("value" in result)) throw new Error("the list could not be decoded");
  return result.value;
}
