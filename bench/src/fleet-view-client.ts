// Forked by fleet-view.ts with --expose-gc: what a view of many nodes costs, step by step, in one process.
import { MessageChannel } from "node:worker_threads";
import { ClusterAccess, systemTimers } from "@rollcall/coordinator";
import { silentLogger } from "@rollcall/core";
import { fixed, parsePoolConfig } from "@rollcall/core/config";
import { pick } from "@rollcall/core/selection";
import {
  decodeMarks,
  decodeTopology,
  encodeMarks,
  encodeTopology,
  type Marks,
  type NodeRecord,
  nodeKey,
  type Topology,
  type Version,
  type View,
} from "@rollcall/core/view";
import { Dispatch } from "../../packages/worker/dist/dispatch/dispatch.js";
import type { Target } from "../../packages/worker/dist/dispatch/target.js";
import { applyView, noRows } from "../../packages/worker/dist/table/apply-view.js";
import { createTable } from "../../packages/worker/dist/table/layout.js";
import { TableReader } from "../../packages/worker/dist/table/reader.js";
import { TableWriter } from "../../packages/worker/dist/table/writer.js";
import { ViewKeeper } from "../../packages/worker/dist/view-keeper.js";
import { median } from "./statistics.js";

export interface ViewOrder {
  readonly nodes: number;
  readonly marked: number;
}

/** One line of the table: what, and how much of which unit. */
export interface ViewCost {
  readonly what: string;
  readonly value: string;
}

const warmUps = 3;
const repeats = 15;

/** The middle of several, in milliseconds; of work that is too quick for the clock, `inner` at once. */
function timed(work: () => unknown, inner = 1): number {
  const times: number[] = [];
  for (let repeat = -warmUps; repeat < repeats; repeat++) {
    const startedMs = performance.now();
    for (let time = 0; time < inner; time++) work();
    if (repeat >= 0) times.push((performance.now() - startedMs) / inner);
  }
  return median(times);
}

function nodeRecord(number: number): NodeRecord {
  const host = `10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`;
  return {
    id: `node-${String(number).padStart(17, "0")}`,
    name: `search-data-${number}`,
    host,
    port: 9200,
    ip: host,
    roles: ["data_content", "data_hot", "ingest", "remote_cluster_client"],
    attributes: { zone: `zone-${number % 3}`, rack: `rack-${number % 40}` },
    version: "9.1.0",
  };
}

function measure({ nodes: count, marked }: ViewOrder): readonly ViewCost[] {
  const version = (sequence: number): Version => ({ epoch: 1_700_000_000_000_000, leader: "bench", sequence });
  const nodes = Array.from({ length: count }, (_, number) => nodeRecord(number + 1));
  const topology: Topology = {
    version: version(1),
    clusterUuid: "bench",
    clusterName: "bench",
    source: "sniff",
    nodes,
  };
  const marksOf = (sequence: number): Marks => ({
    version: version(sequence),
    nodes: Object.fromEntries(
      nodes
        .slice(0, marked)
        .map((node) => [nodeKey(node), { kind: "down", sinceMs: 0, reason: "connection refused" } as const]),
    ),
  });
  const viewOf = (sequence: number, list = topology): View => ({
    topology: list,
    marks: marksOf(sequence),
    head: { topology: list.version, marks: version(sequence), beat: sequence, atMs: 0, replicas: 1 },
  });

  const config = parsePoolConfig({ nodes: ["http://10.0.0.1:9200"], threads: 2, logger: false }, { cores: 2 });
  const access = new ClusterAccess(config, systemTimers, silentLogger);
  const layout = { slots: fixed.slotsMax, threads: 2 };

  const costs: ViewCost[] = [];
  const ms = (what: string, value: number) => costs.push({ what, value: `${value.toFixed(value < 1 ? 2 : 1)} ms` });
  const us = (what: string, valueMs: number) => costs.push({ what, value: `${(valueMs * 1_000).toFixed(1)} us` });
  const heap = (what: string, bytes: number) =>
    bytes < heapNoiseBytes ? costs.push({ what, value: `< ${heapNoiseBytes / 1_000} KB` }) : kilobytes(what, bytes);
  const kilobytes = (what: string, bytes: number) =>
    costs.push({ what, value: `${(bytes / 1_000).toFixed(bytes < 10_000 ? 1 : 0)} KB` });

  const topologyBytes = encodeTopology(topology);
  const marksBytes = encodeMarks(marksOf(1));
  kilobytes("list of nodes in Redis", topologyBytes.byteLength);
  ms(
    "leader: encode the list",
    timed(() => encodeTopology(topology)),
  );
  ms(
    "replica: decode and check the list",
    timed(() => decodeTopology(topologyBytes)),
  );
  ms(
    `replica: decode ${marked} marks`,
    timed(() => decodeMarks(marksBytes)),
  );

  const applied = applyView(noRows, nodes, [], layout.slots);
  ms(
    "main: give every node a slot",
    timed(() => applyView(noRows, nodes, [], layout.slots)),
  );
  ms(
    "main: the same list again",
    timed(() => applyView(applied.rows, nodes, [], layout.slots)),
  );

  let targets: readonly Target[] = [];
  const keep = () => {
    const words = createTable(layout);
    const keeper = new ViewKeeper({
      seeds: [],
      slotsMax: layout.slots,
      access,
      writer: new TableWriter(words),
      logger: silentLogger,
      storeAheadMs: () => 0,
      isAnswering: () => false,
      deliver: (list) => {
        targets = list;
      },
      moved: () => {},
      onNode: () => {},
    });
    return { words, keeper };
  };
  ms(
    "main: keep a first view, all of it",
    timed(() => keep().keeper.apply(viewOf(1))),
  );
  const { words, keeper } = keep();
  let sequence = 1;
  keeper.apply(viewOf(sequence));
  ms(
    "main: new marks",
    timed(() => keeper.apply(viewOf(++sequence))),
  );
  let lists = 1;
  const moved = (): Topology => ({ ...topology, version: version(++lists), nodes: nodes.slice(0, -1 - (lists % 2)) });
  ms(
    "main: a list with one node more or less",
    timed(() => keeper.apply(viewOf(++sequence, moved()))),
  );
  keeper.apply(viewOf(++sequence, { ...topology, version: version(++lists) }));

  const { port1, port2 } = new MessageChannel();
  ms(
    "main: post the list to one thread",
    timed(() => port1.postMessage({ topology: 1, targets })),
  );
  port1.close();
  port2.close();
  ms("thread: read the list", timed(() => structuredClone(targets)) / 2);

  const openDispatch = () => {
    const reader = new TableReader({ words, layout, thread: 0, inFlightMax: 64, nowMs: () => systemTimers.nowMs() });
    const dispatch = new Dispatch({
      reader,
      settings: {
        ...config.connections,
        connectTimeoutMs: fixed.connectTimeoutMs,
        maxResponseBytes: fixed.maxResponseBytes,
      },
      queueMax: config.queue.perThread,
      noNodeWaitMs: fixed.noNodeWaitMs,
      drainMs: fixed.drainMs,
      observer: { failed() {}, credentialRefused() {}, released() {}, signWanted() {} },
      timers: systemTimers,
      random: Math.random,
      ranMs: (nowMs) => nowMs,
      wallNowMs: Date.now,
    });
    return { reader, dispatch };
  };
  ms(
    "thread: take over a first list",
    timed(() => openDispatch().dispatch.apply(targets)),
  );
  const { reader, dispatch } = openDispatch();
  dispatch.apply(targets);
  ms(
    "thread: take over the same list again",
    timed(() => dispatch.apply(targets)),
  );
  const writer = new TableWriter(words);
  const choose = () => {
    reader.refresh();
    return pick(reader, [], systemTimers.nowMs(), Math.random);
  };
  const roster = timed(() => {
    writer.setState(0, { tier: "node", mark: "down", ejected: false }, undefined);
    choose();
  });
  us("thread: the first pick after a change of the table", roster);
  us("thread: each pick after that", timed(choose, 1_000));

  kilobytes("shared memory, for as many nodes as a pool may have, and 2 threads", words.byteLength);
  heap(
    "memory of main for the view",
    heapOf(
      () => keep().keeper,
      (one) => one.apply(viewOf(1, decoded(topologyBytes))),
    ),
  );
  heap(
    "memory of each thread for its nodes",
    heapOf(
      () => openDispatch().dispatch,
      (one) => one.apply(structuredClone([...targets])),
    ),
  );
  return costs;
}

function decoded(bytes: Uint8Array): Topology {
  const result = decodeTopology(bytes);
  if (!("value" in result)) throw new Error("the list could not be decoded");
  return result.value;
}

const copies = 8;
/** What the heap is larger or smaller by, for no reason of ours. */
const heapNoiseBytes = 50_000;

/** How much of the heap one takes, when its work is done and the rubbish of it is gone. */
function heapOf<T>(make: () => T, work: (one: T) => void): number {
  const kept: T[] = [];
  const add = () => {
    const one = make();
    work(one);
    kept.push(one);
  };
  // What is made once for all is no part of it.
  add();
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  for (let copy = 0; copy < copies; copy++) add();
  globalThis.gc?.();
  const bytes = (process.memoryUsage().heapUsed - before) / copies;
  // They must live until here.
  return kept.length > copies ? bytes : Number.NaN;
}

if (process.send !== undefined) {
  process.on("message", (order: ViewOrder) => process.send?.(measure(order)));
  process.once("disconnect", () => process.exit(0));
}
