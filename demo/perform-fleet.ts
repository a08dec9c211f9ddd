import type { Asked, DemoCluster, Victim } from "./cluster.js";
import type { Display } from "./display.js";
import { timed } from "./figures.js";
import { type Fleet, replicaCount, threadsEach } from "./fleet.js";
import { type FleetPicture, fleetBlock, fleetLines, fleetSummary } from "./fleet-screen.js";
import { type Act, killEachAndBringBack } from "./fleet-story.js";
import type { Stop } from "./perform.js";
import { transitionLine } from "./screen.js";
import { sumOf } from "./tally.js";

/** The traffic ends by then, whatever the story is waiting for. */
const deadlineMs = 180_000;

export interface FleetPerformance {
  readonly cluster: DemoCluster & { readonly victim: Victim };
  /** Open and ready. */
  readonly fleet: Fleet;
  readonly seconds: number;
  readonly display: Display;
  /** Ends it early, with the summary; its reason is a {@link Stop}. */
  readonly stop: AbortController;
}

/** The traffic of all replicas and its story, from the first search to the summary. Tells whether all went well. */
export async function performFleet({ cluster, fleet, seconds, display, stop }: FleetPerformance): Promise<boolean> {
  const { signal } = stop;
  const { records, elapsedMs } = fleet;
  const acts: Act[] = [];
  const tell = (line: string) => display.say(timed(elapsedMs(), line));
  const totals = () => sumOf(records.flatMap(({ report }) => (report === undefined ? [] : [report.totals])));
  const draw = () => {
    const picture: FleetPicture = {
      nowMs: elapsedMs(),
      replicas: records.map(({ name, report }) => ({ name, ...(report === undefined ? {} : { report }) })),
      totals: totals(),
    };
    display.draw({
      block: (size, colour) => fleetBlock(picture, size, colour),
      lines: () => fleetLines(picture),
    });
  };

  const askedBefore = await cluster.asked?.();
  fleet.begin({
    // What becomes of the node that is killed, the story tells, once for all replicas.
    moved: (replica, event) => {
      if (!signal.aborted && event.name !== cluster.victim.name) {
        display.say(transitionLine({ ...event, name: `${replica}: ${event.name ?? event.address}` }, elapsedMs()));
      }
    },
    degraded: (replica, reason) => {
      if (!signal.aborted) tell(`${replica}: ${reason}`);
    },
  });
  tell(`searches begin: ${replicaCount} replicas with ${threadsEach} threads each share one coordinator`);
  const drawing = setInterval(draw, display.everyMs);
  const deadline = setTimeout(() => stop.abort("late" satisfies Stop), deadlineMs);

  let stopped: Stop | undefined;
  try {
    const cast = { node: cluster.victim, redis: fleet.redis, coordinator: fleet.coordinator };
    const note = (act: Act) => void acts.push(act);
    await killEachAndBringBack(cast, seconds, { replicas: records, totals, elapsedMs, tell, note, signal });
  } catch (error) {
    if (!signal.aborted) throw error;
    stopped = signal.reason as Stop;
  } finally {
    clearTimeout(deadline);
    await fleet.end({ cutShort: stopped !== undefined });
    clearInterval(drawing);
  }

  draw();
  display.keep();
  if (stopped === "late") tell(`given up: the story was not over after ${deadlineMs / 1_000} s`);
  if (stopped instanceof Error) tell(`given up: ${stopped.message}`);
  const asked = difference(askedBefore, await cluster.asked?.());
  const sum = totals();
  const summary = fleetSummary({
    totals: sum,
    replicas: replicaCount,
    threads: threadsEach,
    acts,
    ...(asked === undefined ? {} : { asked }),
    complete: stopped === undefined,
  });
  for (const line of summary) display.say(line);
  return sum.failed === 0 && (stopped === undefined || stopped === "interrupted");
}

function difference(before: Asked | undefined, after: Asked | undefined): Asked | undefined {
  if (before === undefined || after === undefined) return undefined;
  return { sniffs: after.sniffs - before.sniffs, probes: after.probes - before.probes };
}
