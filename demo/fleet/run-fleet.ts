import { present } from "@rollcall/core";
import type { ControlRequestCounts, OwnCluster } from "../cluster/demo-cluster.js";
import { sumOf } from "../load/tally.js";
import { loseEachTarget, type PhaseResult } from "../phases.js";
import { runCourse } from "../run-course.js";
import { timedLine } from "../screen/format.js";
import { nodeEventLine } from "../screen/node-text.js";
import type { Display } from "../screen/terminal.js";
import { type Fleet, replicaCount, threadsEach } from "./fleet.js";
import { fleetBlock, fleetLines } from "./fleet-screen.js";
import { fleetSummary } from "./fleet-summary.js";

export interface FleetRun {
  readonly cluster: OwnCluster;
  /** Open and ready. */
  readonly fleet: Fleet;
  readonly seconds: number;
  readonly display: Display;
  /** Ends the run early, with the summary. */
  readonly stop: AbortController;
}

/** From the first search of any replica to the summary. Resolves with whether all went well. */
export async function runFleet({ cluster, fleet, seconds, display, stop }: FleetRun): Promise<boolean> {
  const { signal } = stop;
  const { records, elapsedMs } = fleet;
  const phases: PhaseResult[] = [];
  const print = (line: string) => display.print(timedLine(elapsedMs(), line));
  const totals = () => sumOf(records.flatMap(({ report }) => (report === undefined ? [] : [report.totals])));
  const draw = () => {
    const replicas = records.map(({ name, report }) => present({ name, report }));
    const picture = { nowMs: elapsedMs(), replicas, totals: totals() };
    display.draw({
      block: (size, colour) => fleetBlock(picture, size, colour),
      lines: () => fleetLines(picture),
    });
  };

  const requestsBefore = await cluster.controlRequests?.();
  fleet.begin({
    // The phases report the changes of the killed node, once for all replicas.
    nodeChanged: (replica, event) => {
      if (!signal.aborted && event.name !== cluster.target.name) {
        display.print(nodeEventLine({ ...event, name: `${replica}: ${event.name ?? event.address}` }, elapsedMs()));
      }
    },
    degraded: (replica, reason) => {
      if (!signal.aborted) print(`${replica}: ${reason}`);
    },
  });
  print(`searches begin: ${replicaCount} replicas with ${threadsEach} threads each share one coordinator`);

  const stopped = await runCourse({
    course: () =>
      loseEachTarget({ node: cluster.target, redis: fleet.redis, coordinator: fleet.coordinator }, seconds, {
        observers: records,
        observerText: "every replica",
        totals,
        elapsedMs,
        print,
        onPhaseEnd: (result) => void phases.push(result),
        signal,
      }),
    endSearches: (how) => fleet.end(how),
    draw,
    display,
    stop,
    print,
  });
  const summary = fleetSummary({
    totals: totals(),
    replicas: replicaCount,
    threads: threadsEach,
    phases,
    ...present({ controlRequests: difference(requestsBefore, await cluster.controlRequests?.()) }),
    complete: stopped === undefined,
  });
  for (const line of summary) display.print(line);
  return totals().failed === 0 && (stopped === undefined || stopped === "interrupted");
}

function difference(before?: ControlRequestCounts, after?: ControlRequestCounts): ControlRequestCounts | undefined {
  if (before === undefined || after === undefined) return undefined;
  return { sniffs: after.sniffs - before.sniffs, probes: after.probes - before.probes };
}
