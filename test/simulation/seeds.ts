import { seededRandom } from "@rollcall/testing";
import { Misfortune } from "./faults.js";
import type { Violation } from "./invariants.js";
import { checkAllIsWell, checkFollowing } from "./liveness.js";
import type { Seams } from "./seams.js";
import { Simulation } from "./simulation.js";

export interface SeedOptions {
  readonly seed: number;
  /** How long faults happen, by the simulated clock. */
  readonly minutes: number;
  readonly seams?: Partial<Seams>;
  readonly size?: Size;
  /** Whether to check that every process recovers afterwards; default: true. */
  readonly settles?: boolean;
  /** Whether the view has a secret; default: false. */
  readonly isSealed?: boolean;
  /** Whether every request is a Read that gets a hedge where it waits; default: false. */
  readonly isHedged?: boolean;
}

export interface Size {
  readonly nodes: number;
  readonly replicas: number;
  readonly requestsPerSecond: number;
  readonly coordinators: number;
  readonly candidates: number;
}

export interface Outcome {
  readonly seed: number;
  readonly size: Size;
  readonly violation: Violation | undefined;
  readonly story: string;
  /** Nodes that went down in the shared view. */
  readonly downs: number;
}

/** If a process leads already, every other has found back to its view by then. */
const seenWithinMs = 6_000;
/** A new leader needs a lease that has run out, and a little. */
const followedWithinMs = 13_500;
/** By then every hold is over, also one that a clock that was set back has lengthened, and every slow start has ended. */
const wellWithinMs = 345_000;

/** One seed: faults for a while, then none, and every process must recover. */
export async function runSeed({
  seed,
  minutes,
  seams,
  size = sizeOf(seed),
  settles = true,
  isSealed = false,
  isHedged = false,
}: SeedOptions): Promise<Outcome> {
  const simulation = new Simulation({ seed, ...size, isSealed, isHedged, ...(seams === undefined ? {} : { seams }) });
  const faultsMs = minutes * 60_000;
  new Misfortune(simulation, seededRandom(seed ^ 0x5eed), faultsMs, seed % 4 === 0).start();
  await simulation.run(faultsMs);
  if (settles) await settle(simulation);
  const [violation] = simulation.violations;
  const { downs } = simulation.invariants.judge;
  return { seed, size, violation, story: simulation.story.print(), downs: downs.length };
}

async function settle(simulation: Simulation): Promise<void> {
  const leaders = simulation.leaders.map(({ name }) => name);
  await simulation.run(seenWithinMs);
  const sameLead = simulation.leaders.map(({ name }) => name).join() === leaders.join();
  if (simulation.violations.length === 0 && leaders.length === 1 && sameLead) checkFollowing(simulation);
  await simulation.run(followedWithinMs - seenWithinMs);
  if (simulation.violations.length === 0) checkFollowing(simulation);
  await simulation.run(wellWithinMs - followedWithinMs);
  if (simulation.violations.length === 0) checkAllIsWell(simulation);
}

const sizes = [1, 2, 3, 3, 5, 9, 12, 50];
const fleets = [0, 1, 2, 3, 5, 8, 20];

function sizeOf(seed: number): Size {
  const random = seededRandom(seed ^ 0x512e);
  const one = (among: readonly number[]) => among[Math.floor(random() * among.length)] ?? 1;
  const coordinators = one([0, 1, 3, 3]);
  const replicas = Math.max(one(fleets), coordinators === 0 ? 1 : 0);
  const candidates = coordinators === 0 ? replicas : one([0, 0, 2]);
  return { nodes: one(sizes), replicas, requestsPerSecond: one([0, 0.5, 2, 5]), coordinators, candidates };
}
