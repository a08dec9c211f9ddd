import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { Timers } from "@rollcall/core";
import { type ClusterOptions, parseClusterConfig } from "@rollcall/core/config";
import { type Heartbeat, nodeKey, type View } from "@rollcall/core/view";
import { collectingLogger, ManualTimers, seededRandom } from "@rollcall/testing";
import { ClusterAccess } from "./cluster/access.js";
import { HttpControlClient } from "./cluster/http-control-client.js";
import { sniffPath } from "./cluster/sniff.js";
import { Coordinator, type CoordinatorParts } from "./coordinator.js";
import { json, nodesHttp, root, type StandIn, standIn } from "./stand-in.test.support.js";
import { createMemoryStore } from "./store/memory-store.js";

const open: (() => Promise<unknown>)[] = [];

/** Closes all that was started here; to be called after each test. */
export async function closeAll(): Promise<void> {
  await Promise.all(open.splice(0).map((close) => close()));
}

/** Stand-ins of one cluster, named n1, n2 …, with ids id1, id2 …; all are listed unless `list` says otherwise. */
export async function cluster(size: number, { uuid = "u1", hosts = ["127.0.0.1"] } = {}) {
  const start = (_: unknown, index: number) => standIn(json({}), hosts[index % hosts.length]);
  const nodes = await Promise.all(Array.from({ length: size }, start));
  const listed = (...positions: number[]) =>
    nodesHttp(
      Object.fromEntries(
        positions.map((position) => {
          const address = nodes[position - 1]?.address ?? `127.0.0.1:${position}`;
          return [`id${position}`, { name: `n${position}`, address }];
        }),
      ),
    );
  const state: { list: StandIn["reply"] } = { list: json(listed(...nodes.map((_, index) => index + 1))) };
  nodes.forEach((node, index) => {
    const first = json(root(`n${index + 1}`, uuid));
    node.reply = (request, response) => (request.url === sniffPath ? state.list : first)(request, response);
    open.push(() => node.down());
  });
  const at = (position: number): StandIn => {
    const node = nodes[position - 1];
    assert.ok(node !== undefined);
    return node;
  };
  const sniffs = () => nodes.flatMap(({ asked }) => asked).filter((path) => path === sniffPath).length;
  return { nodes, at, listed, state, sniffs, urls: nodes.map(({ url }) => url) };
}

/**
 * A coordinator on a clock of the test's own. The clock moves only while the event loop turns, so that a slow machine
 * makes a test slow, and never a node.
 */
export function coordinating(
  options: ClusterOptions,
  given: {
    readonly timers?: ManualTimers;
    /** What this process has of that clock, where it may be stopped. */
    readonly ownTimers?: Timers;
    readonly name?: string;
  } & Partial<Pick<CoordinatorParts, "random" | "store" | "leader" | "replica" | "pace" | "lookUp" | "requests">> = {},
) {
  const {
    timers = new ManualTimers(),
    ownTimers = timers,
    name,
    leader = "me",
    replica = "r0",
    random = seededRandom(7),
    pace,
    lookUp,
    requests,
  } = given;
  const { store = createMemoryStore(timers) } = given;
  const logger = collectingLogger();
  const config = { ...parseClusterConfig(options), ...(name === undefined ? {} : { name }) };
  const access = new ClusterAccess(config, ownTimers, logger);
  const controlClient = new HttpControlClient({ timers: ownTimers, wallNowMs: Date.now, connectTimeoutMs: 3_000 });
  const coordinator = new Coordinator({
    ...{ config, access, controlClient, store, timers: ownTimers, random, logger, leader, replica },
    ...(pace === undefined ? {} : { pace }),
    ...(lookUp === undefined ? {} : { lookUp }),
    ...(requests === undefined ? {} : { requests }),
  });
  const views: View[] = [];
  store.subscribe((view) => views.push(view));
  const close = async () => {
    await coordinator.close();
    await controlClient.close();
    access.close();
  };
  open.push(close);
  void access.start();
  coordinator.start();

  const step = async () => {
    timers.advance(200);
    await sleep(1);
    for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  const pass = async (ms: number) => {
    for (const untilMs = timers.nowMs() + ms; timers.nowMs() < untilMs; ) await step();
  };
  /** Lets time pass until the newest view is as described; gives that view and how long it took. */
  const when = async (description: string, look: (view: View) => boolean, withinMs = 60_000) => {
    const sinceMs = timers.nowMs();
    for (;;) {
      const view = views.at(-1);
      if (view !== undefined && look(view)) return { view, tookMs: timers.nowMs() - sinceMs };
      const lines = () => `${logger.lines.join("\n")}\n${JSON.stringify(view)}`;
      assert.ok(timers.nowMs() - sinceMs < withinMs, `in vain: ${description}\n${lines()}`);
      await step();
    }
  };
  const keys = () => views.at(-1)?.topology.nodes.map(nodeKey).sort();
  return { coordinator, store, views, logger, timers, pass, when, keys, close };
}

export const fromSniff = ({ topology }: View) => topology.source === "sniff";
export const verified = ({ topology }: View) => topology.clusterUuid !== undefined;
export const markAt = (view: View, node: StandIn) =>
  Object.entries(view.marks.nodes).find(([key]) => key.endsWith(`@${node.address}`))?.[1].kind;

/** A heartbeat of a process that may lead and has ejected no node, but for what is given. */
export const heartbeatOf = (replica: string, given: Partial<Heartbeat> = {}): Heartbeat => ({
  ...{ replica, host: "app", pid: 1, role: "candidate", leading: false, freshness: "fresh", ejected: [], threads: [] },
  ...given,
});
