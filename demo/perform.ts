import type { Pool } from "@rollcall/worker";
import type { DemoCluster } from "./cluster.js";
import type { Display } from "./display.js";
import { timed } from "./figures.js";
import { liveBlock, type Picture, statusLine, summaryLines, transitionLine } from "./screen.js";
import { Standings } from "./standings.js";
import { killAndBringBack, watch } from "./story.js";
import { Tally } from "./tally.js";
import { sendSearches } from "./traffic.js";

/** Why the traffic ends before the story does; an error tells what should never have happened. */
export type Stop = "interrupted" | "late" | Error;

/** The traffic ends by then, whatever the story is waiting for. */
const deadlineMs = 120_000;

export interface Performance {
  readonly cluster: DemoCluster;
  /** Open and ready. */
  readonly pool: Pool;
  readonly seconds: number;
  readonly display: Display;
  /** Ends it early, with the summary; its reason is a {@link Stop}. */
  readonly stop: AbortController;
}

/** The traffic and its story, from the first search to the summary. Tells whether all went well. */
export async function perform({ cluster, pool, seconds, display, stop }: Performance): Promise<boolean> {
  const { signal } = stop;
  const tally = new Tally();
  const standings = new Standings();
  const startedMs = performance.now();
  const elapsedMs = () => performance.now() - startedMs;
  const tell = (line: string) => display.say(timed(elapsedMs(), line));
  const draw = () => {
    const picture = pictureOf(pool, tally, standings, elapsedMs());
    display.draw({
      block: (size, colour) => liveBlock(picture, size, colour),
      lines: () => [statusLine(picture)],
    });
  };

  pool.on("node", (event) => {
    if (signal.aborted) return;
    standings.moved(event, elapsedMs());
    if (event.to === "down" || event.to === "ejected") tally.forgetPace(event.address);
    display.say(transitionLine(event, elapsedMs()));
  });
  pool.on("degraded", ({ reason }) => {
    if (!signal.aborted) tell(reason);
  });

  const given = `${cluster.nodes.length} ${cluster.nodes.length === 1 ? "address" : "addresses"}`;
  tell(
    `searches begin, ${cluster.load.searchers} at a time; given ${given}, the pool knows ${pool.nodes().length} nodes`,
  );
  const storyOver = new AbortController();
  const drawing = setInterval(draw, display.everyMs);
  const deadline = setTimeout(() => stop.abort("late" satisfies Stop), deadlineMs);
  const searching = sendSearches(pool, cluster.load, {
    tally,
    elapsedMs,
    over: storyOver.signal,
    cutShort: signal,
  });

  let stopped: Stop | undefined;
  try {
    if (cluster.victim === undefined) await watch(seconds, elapsedMs, signal);
    else {
      const find = (name: string) => pool.nodes().find((node) => node.name === name);
      await killAndBringBack(cluster.victim, seconds, {
        stateOf: (name) => find(name)?.state,
        answersOf: (name) => tally.answersOf(find(name)?.address ?? name),
        elapsedMs,
        tell,
        signal,
      });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    stopped = signal.reason as Stop;
  } finally {
    clearTimeout(deadline);
    storyOver.abort();
    if (stopped === undefined) await searching;
    clearInterval(drawing);
  }

  draw();
  display.keep();
  if (stopped === "late") tell(`given up: the story was not over after ${deadlineMs / 1_000} s`);
  const asked = await cluster.asked?.();
  const totals = tally.totals();
  const summary = summaryLines({
    totals,
    absences: standings.absences(),
    ...(asked === undefined ? {} : { asked }),
    returned: cluster.victim !== undefined && stopped === undefined,
  });
  for (const line of summary) display.say(line);
  return totals.failed === 0 && stopped !== "late";
}

function pictureOf(pool: Pool, tally: Tally, standings: Standings, nowMs: number): Picture {
  const rows = pool.nodes().map(({ address, name, state, reason }) => {
    const sinceMs = standings.sinceMs(address);
    return {
      name: name ?? address,
      state,
      ...(reason === undefined ? {} : { reason }),
      ...(sinceMs === undefined ? {} : { sinceMs }),
      ...tally.paceOf(address, nowMs),
    };
  });
  rows.sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
  return { nowMs, rows, totals: tally.totals() };
}
