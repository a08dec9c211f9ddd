import { MessageChannel } from "node:worker_threads";
import { ClusterAccess, systemTimers } from "@rollcall/coordinator";
import { silentLogger } from "@rollcall/core";
import type { PoolConfig } from "@rollcall/core/config";
import { decodeMarks, decodeTopology, encodeMarks, encodeTopology, type Topology } from "@rollcall/core/view";
import { ViewKeeper } from "../../../packages/worker/dist/cluster-state/view-keeper.js";
import type { Target } from "../../../packages/worker/dist/dispatch/target.js";
import { applyView, noRows } from "../../../packages/worker/dist/table/apply-view.js";
import { createTable } from "../../../packages/worker/dist/table/layout.js";
import { TableWriter } from "../../../packages/worker/dist/table/writer.js";
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

  const { rows } = applyView(noRows, nodes, [], layout.slots);
  list.milliseconds(
    "main: give every node a slot",
    medianMs(() => applyView(noRows, nodes, [], layout.slots)),
  );
  list.milliseconds(
    "main: the same list again",
    medianMs(() => applyView(rows, nodes, [], layout.slots)),
  );

  const access = new ClusterAccess(config, systemTimers, silentLogger);
  let targets: readonly Target[] = [];
  const open = () => {
    const words = createTable(layout);
    const keeper = new ViewKeeper({
      seeds: [],
      slotsMax: layout.slots,
      access,
      writer: new TableWriter(words),
      logger: silentLogger,
      storeAheadMs: () => 0,
      isAnswering: () => false,
      deliver: (delivered) => {
        targets = delivered;
      },
      moved: () => {},
      onNode: () => {},
    });
    return { words, keeper };
  };
  list.milliseconds(
    "main: keep a first view, all of it",
    medianMs(() => open().keeper.apply(sample.viewOf(1))),
  );
  const { words, keeper } = open();
  let sequence = 1;
  keeper.apply(sample.viewOf(sequence));
  list.milliseconds(
    "main: new marks",
    medianMs(() => keeper.apply(sample.viewOf(++sequence))),
  );
  let lists = 1;
  const changedList = () => sample.topologyOf(++lists, nodes.slice(0, -1 - (lists % 2)));
  list.milliseconds(
    "main: a list with one node more or less",
    medianMs(() => keeper.apply(sample.viewOf(++sequence, changedList()))),
  );
  keeper.apply(sample.viewOf(++sequence, sample.topologyOf(++lists, nodes)));

  const { port1, port2 } = new MessageChannel();
  list.milliseconds(
    "main: post the list to one thread",
    medianMs(() => port1.postMessage({ topology: 1, targets })),
  );
  port1.close();
  port2.close();
  list.heap(
    "memory of main for the view",
    heapBytesOf(
      () => open().keeper,
      (one) => one.apply(sample.viewOf(1, decoded(topologyBytes))),
    ),
  );
  return { words, targets };
}

function decoded(bytes: Uint8Array): Topology {
  const result = decodeTopology(bytes);
  if (!("value" in result)) throw new Error("the list could not be decoded");
  return result.value;
}
