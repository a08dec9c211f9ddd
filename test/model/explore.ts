import { canonical } from "./canonical.js";
import { Recovery } from "./recovery.js";
import { newWorld, type World } from "./state.js";
import { type Setting, type Step, stepsFrom } from "./steps.js";

export interface Exploration {
  /** Different worlds that were reached, and steps between them. */
  readonly worlds: number;
  readonly steps: number;
  /** The whole was explored: nothing was left out for `worldsMax`. */
  readonly isWhole: boolean;
  /** The shortest way to what must never happen; undefined if there is none. */
  readonly bad: BadStory | undefined;
}

export interface BadStory {
  readonly what: string;
  /** What happens, in order. */
  readonly lines: readonly string[];
}

interface Reached {
  readonly world: World;
  readonly from: Reached | undefined;
  readonly text: string;
}

/** Breadth first, from the beginning of everything: so the first bad world is one with the shortest story. */
export function explore(setting: Setting, worldsMax = Number.POSITIVE_INFINITY): Exploration {
  const recovery = new Recovery(setting.rules);
  const first: Reached = { world: newWorld(setting.budget), from: undefined, text: "" };
  const known = new Set([canonical(first.world, true)]);
  let layer = [first];
  let steps = 0;
  while (layer.length > 0) {
    const next: Reached[] = [];
    for (const reached of layer) {
      for (const { text, world, bad } of stepsFrom(reached.world, setting)) {
        steps++;
        const here = { world, from: reached, text };
        if (bad !== undefined) return { worlds: known.size, steps, isWhole: false, bad: storyOf(bad, here, []) };
        if (isSame(world, reached.world)) continue;
        const name = canonical(world, true);
        if (known.has(name)) continue;
        known.add(name);
        const failure = recovery.failure(world);
        if (failure !== undefined) {
          const what = "30 s after the last fault, the reader still follows no fresh view";
          return { worlds: known.size, steps, isWhole: false, bad: storyOf(what, here, failure) };
        }
        next.push(here);
      }
      if (known.size >= worldsMax) return { worlds: known.size, steps, isWhole: false, bad: undefined };
    }
    layer = next;
  }
  return { worlds: known.size, steps, isWhole: true, bad: undefined };
}

function isSame(one: World, other: World): boolean {
  return Object.entries(one).every(([name, part]) => part === other[name as keyof World]);
}

function storyOf(what: string, last: Reached, failure: readonly Step[]): BadStory {
  const lines: string[] = [];
  for (let at: Reached | undefined = last; at?.from !== undefined; at = at.from) lines.unshift(at.text);
  return { what, lines: [...lines, ...failure.slice(0, 12).map(({ text }) => `then, without a fault: ${text}`)] };
}
