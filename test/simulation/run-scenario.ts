import { checkAllIsWell } from "./liveness.js";
import { type Scenario, scenarioSize } from "./scenarios.js";
import type { Seams } from "./seams.js";
import { Simulation } from "./simulation.js";

/** By then every process has sent a heartbeat and every node has been probed. */
const startMs = 25_000;
/** Every hold is over by then, and every slow start has ended. */
const wellWithinMs = 330_000;

/** Starts a fleet, plays the scenario, and returns what must not come of it and did; undefined if nothing did. */
export async function runScenario(
  { what, requestsPerSecond, isHedged, happen, lastsMs, down, settles }: Scenario,
  { seed, seams }: { readonly seed: number; readonly seams?: Partial<Seams> },
): Promise<{ readonly problem: string | undefined; readonly tookMs: readonly number[]; readonly story: string }> {
  const size = { ...scenarioSize, requestsPerSecond };
  const simulation = new Simulation({
    seed,
    ...size,
    isHedged: isHedged === true,
    ...(seams === undefined ? {} : { seams }),
  });
  const { invariants, world, story } = simulation;
  await simulation.run(startMs);
  const happenedMs = world.nowMs();
  const { gone, mend } = happen(simulation);
  const goneKeys = new Set(gone.map(({ key }) => key));
  await simulation.run(lastsMs);

  const { downs } = invariants.judge;
  const firstDowns = [...goneKeys].map((key) => downs.find((one) => one.key === key));
  const tookMs = firstDowns.flatMap((one) => (one === undefined ? [] : [one.atMs - happenedMs]));
  for (const { key } of downs) if (!goneKeys.has(key)) invariants.violated("S5", `${key} is marked down while ${what}`);
  if (down !== "never") {
    const inTime = tookMs.filter((ms) => ms <= down.withinMs);
    const mayStayUp = down.timesMax === 1;
    if (inTime.length < goneKeys.size && !mayStayUp) {
      invariants.violated(
        "L2",
        `${goneKeys.size - inTime.length} of ${goneKeys.size} nodes are not down in ${down.withinMs} ms`,
      );
    }
    const times = downs.length / Math.max(1, goneKeys.size);
    if (times > (down.timesMax ?? 1)) invariants.violated("flaps", `each goes down ${times} times`);
  }

  mend?.();
  if (settles === true) await simulation.run(wellWithinMs);
  if (settles === true && simulation.violations.length === 0) checkAllIsWell(simulation);
  const [violation] = simulation.violations;
  const problem = violation === undefined ? undefined : `${violation.invariant}: ${violation.text}`;
  return { problem, tookMs, story: story.print() };
}
