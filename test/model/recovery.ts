import { freshnessOfHead } from "@rollcall/core/view";
import { canonical } from "./canonical.js";
import { headIn, hear, see } from "./process.js";
import { read } from "./reader.js";
import { redisNowMs } from "./redis.js";
import type { Rules } from "./rules.js";
import type { World } from "./state.js";
import { after, carriedOut, connects, goesOn, isSettled, passTime, type Step, strayCarriedOut } from "./steps.js";

/** As many times 2 s as the promise of 30 s has. */
const roundsMax = 15;
const noMoreChanges = { failovers: 0, cuts: 0, losses: 0, pauses: 0, rebirths: 0, forgeries: 0, changes: 0 };

/**
 * Whether all is well again in time, once nothing more goes wrong: one process leads, and the reader follows its view,
 * which is fresh. Worlds that have been looked at are remembered.
 */
export class Recovery {
  private readonly rounds = new Map<string, number>();

  constructor(private readonly rules: Rules) {}

  /** Undefined if it recovers; otherwise what happens instead, step by step. */
  failure(world: World): readonly Step[] | undefined {
    const path: string[] = [];
    const story: Step[] = [];
    let now: World = { ...world, budget: noMoreChanges };
    for (;;) {
      const name = canonical(now, false);
      const known = this.rounds.get(name);
      const isOver = path.length > roundsMax || path.includes(name);
      const rounds = known ?? (isOver ? Number.POSITIVE_INFINITY : undefined);
      if (rounds !== undefined) return this.remember(path, rounds) ? undefined : story;
      path.push(name);
      const { steps, isWell } = this.round(now);
      story.push(...steps);
      if (isWell) return this.remember(path, 0) ? undefined : story;
      now = steps.at(-1)?.world ?? now;
    }
  }

  /** Whether the first of the path recovers in time. */
  private remember(path: readonly string[], lastRounds: number): boolean {
    for (const [back, name] of [...path].reverse().entries()) this.rounds.set(name, lastRounds + back + 1);
    return lastRounds + path.length <= roundsMax;
  }

  /** 2 s in which everything works. */
  private round(begin: World): { readonly steps: readonly Step[]; readonly isWell: boolean } {
    const { rules } = this;
    const steps: Step[] = [];
    let world = begin;
    const take = (step: Step) => {
      steps.push(step);
      world = step.world;
    };
    const settle = () => {
      for (const at of world.processes.keys()) {
        while ((world.processes[at]?.strays.length ?? 0) > 0) take(strayCarriedOut(world, at, rules));
      }
      for (let turns = 0; turns < 20 && world.processes.some(({ sent }) => sent.length > 0); turns++) {
        for (const at of world.processes.keys()) {
          if ((world.processes[at]?.sent.length ?? 0) > 0) take(carriedOut(world, at, rules));
        }
      }
    };
    for (const at of world.processes.keys()) {
      if (world.processes[at]?.isRunning === false) take(goesOn(world, at, rules));
      if (world.processes[at]?.isConnected === false) take(connects(world, at, rules));
    }
    settle();
    take(after(world, "the reader reads the view", (copy) => read(copy, rules)));
    for (const at of world.processes.keys()) {
      take(after(world, "the processes read the head and receive heartbeats", (copy) => news(copy, at, rules)));
    }
    settle();
    take(after(world, "the reader reads the view", (copy) => read(copy, rules)));
    const isWell = isFollowed(world);
    if (isSettled(world)) take(passTime(world, rules));
    return { steps, isWell };
  }
}

function news(world: World, at: number, rules: Rules): void {
  const head = headIn(world);
  if (head !== undefined) see(world, at, head, rules);
  if (world.processes[at]?.candidate.state === "leading") hear(world, at, rules);
}

function isFollowed(world: World): boolean {
  const [leader, another] = world.processes.filter(({ candidate }) => candidate.state === "leading");
  const { head, topology, marks } = world.reader;
  if (leader?.candidate.state !== "leading" || another !== undefined || head === undefined) return false;
  const { epoch } = leader.candidate;
  const isOurs = [head.topology, head.marks, topology?.version, marks?.version].every(
    (version) =>
      version?.epoch === epoch && version.leader === leader.name && version.sequence === leader.held?.sequence,
  );
  // The last beat is this round's: the reader has that, too.
  const isLast = head.beat === headIn(world)?.beat && head.atMs === headIn(world)?.atMs;
  return isOurs && isLast && freshnessOfHead(head, redisNowMs(world) - head.atMs) === "fresh";
}
