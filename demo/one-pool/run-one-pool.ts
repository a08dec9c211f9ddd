import { present } from "@rollcall/core";
import type { Pool } from "@rollcall/worker";
import type { DemoCluster } from "../cluster/demo-cluster.js";
import { sendSearches } from "../load/search-load.js";
import { Tally } from "../load/tally.js";
import { NodeHistory } from "../node-history.js";
import { lastUntil, loseNode } from "../phases.js";
import { runCourse } from "../run-course.js";
import { counted, inOrder, timedLine } from "../screen/format.js";
import { nodeEventLine } from "../screen/node-text.js";
import type { Display } from "../screen/terminal.js";
import { liveBlock, type Picture, statusLine, summaryLines } from "./one-pool-screen.js";

export interface OnePoolRun {
  readonly cluster: DemoCluster;
  /** Open and ready. */
  readonly pool: Pool;
  readonly seconds: number;
  readonly display: Display;
  /** Ends the run early, with the summary. */
  readonly stop: AbortController;
}

/** From the first search to the summary. Resolves with whether all went well. */
export async function runOnePool({ cluster, pool, seconds, display, stop }: OnePoolRun): Promise<boolean> {
  const { signal } = stop;
  const tally = new Tally();
  const history = new NodeHistory();
  const startedMs = performance.now();
  const elapsedMs = () => performance.now() - startedMs;
  const print = (line: string) => display.print(timedLine(elapsedMs(), line));
  const draw = () => {
    const picture = pictureOf(pool, tally, history, elapsedMs());
    display.draw({
      block: (size, colour) => liveBlock(picture, size, colour),
      lines: () => [statusLine(picture)],
    });
  };

  pool.on("node", (event) => {
    if (signal.aborted) return;
    history.record(event, elapsedMs());
    if (event.to === "down" || event.to === "ejected") tally.forgetPace(event.address);
    display.print(nodeEventLine(event, elapsedMs()));
  });
  pool.on("degraded", ({ reason }) => {
    if (!signal.aborted) print(reason);
  });

  const { searchers } = cluster.load;
  const given = cluster.nodes.length === 1 ? "1 address" : `${cluster.nodes.length} addresses`;
  print(`searches begin, ${searchers} at a time; from ${given} the pool found ${counted(pool.nodes().length, "node")}`);
  const over = new AbortController();
  const searching = sendSearches(pool, cluster.load, { tally, elapsedMs, over: over.signal, cutShort: signal });
  const nodeOf = (name: string) => pool.nodes().find((node) => node.name === name);
  const observer = {
    stateOf: (name: string) => {
      const node = nodeOf(name);
      return node && { value: node.state, sinceMs: history.sinceMs(node.address) ?? 0 };
    },
    answersOf: (name: string) => tally.answersOf(nodeOf(name)?.address ?? name),
    freshness: undefined,
  };
  const context = {
    observers: [observer],
    observerText: "the pool",
    totals: () => tally.totals(),
    elapsedMs,
    print,
    onPhaseEnd: () => {},
    signal,
  };

  const { target } = cluster;
  const stopped = await runCourse({
    course: () => (target === undefined ? lastUntil(seconds, context) : loseNode(target, seconds, context)),
    async endSearches({ cutShort }) {
      over.abort();
      if (!cutShort) await searching;
    },
    draw,
    display,
    stop,
    print,
  });
  const summary = summaryLines(
    present({
      totals: tally.totals(),
      outages: history.outages(),
      controlRequests: await cluster.controlRequests?.(),
      recovered: stopped === undefined ? target?.name : undefined,
    }),
  );
  for (const line of summary) display.print(line);
  return tally.totals().failed === 0 && (stopped === undefined || stopped === "interrupted");
}

function pictureOf(pool: Pool, tally: Tally, history: NodeHistory, nowMs: number): Picture {
  const rows = pool.nodes().map(({ address, name, state, reason }) => ({
    name: name ?? address,
    state,
    ...present({ reason, sinceMs: history.sinceMs(address) }),
    ...tally.paceOf(address, nowMs),
  }));
  return { nowMs, rows: rows.sort((a, b) => inOrder(a.name, b.name)), totals: tally.totals() };
}
