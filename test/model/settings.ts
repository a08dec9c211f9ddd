import { chosenRules, type Rules } from "./rules.js";
import type { Budget } from "./state.js";
import type { Setting } from "./steps.js";

const nothing: Budget = { failovers: 0, cuts: 0, losses: 0, pauses: 0, rebirths: 0, forgeries: 0, changes: 0 };
const hourMs = 3_600_000;

export interface NamedSetting extends Setting {
  readonly what: string;
  /** Explored so far and no further: the nearest to the beginning. */
  readonly worldsMax?: number;
}

/** What the rules of the product are explored with: what may go wrong, how often, in any order and at any time. */
export const settings: readonly NamedSetting[] = [
  holding("two changes of the view, and no fault", { changes: 2 }),
  holding("one pause of any length", { pauses: 1 }),
  holding("one death, with another process in its place", { rebirths: 1 }),
  holding("one failover to a replica that lacks any of the last writes", { failovers: 1 }),
  { ...holding("one lost request or reply, and what follows late", { losses: 1 }), worldsMax: 4_000 },
  holding("one connection that breaks, with or without what was sent", { cuts: 1 }),
  holding("one forgery of any kind", { forgeries: 1 }),
];

/** The same further: by the command alone. */
export const deepSettings: readonly NamedSetting[] = [
  holding("one lost request or reply, and what follows late", { losses: 1 }),
  holding("one failover, with a clock that is an hour ahead or behind", { failovers: 1 }, [0, hourMs, -hourMs]),
  holding("one failover and one change", { failovers: 1, changes: 1 }),
  holding("one pause and one death", { pauses: 1, rebirths: 1 }),
  { ...holding("one pause and one failover", { pauses: 1, failovers: 1 }), worldsMax: 60_000 },
  { ...holding("one lost reply and one failover", { losses: 1, failovers: 1 }), worldsMax: 60_000 },
  { ...holding("two connections that break", { cuts: 2 }), worldsMax: 60_000 },
  { ...holding("one connection that breaks, and one failover", { cuts: 1, failovers: 1 }), worldsMax: 60_000 },
  { ...holding("one connection that breaks, and one pause", { cuts: 1, pauses: 1 }), worldsMax: 60_000 },
  { ...holding("one pause and one forgery", { pauses: 1, forgeries: 1 }), worldsMax: 60_000 },
  { ...holding("one failover and one forgery", { failovers: 1, forgeries: 1 }), worldsMax: 60_000 },
  { ...holding("two forgeries", { forgeries: 2 }), worldsMax: 60_000 },
];

/** The product with one rule left out: each reaches what must never happen. */
export const weakened: readonly NamedSetting[] = [
  without("no fence: the scripts publish for every process that asks", { fence: "none" }, { losses: 1 }),
  without("a fence without the epoch: the holder's name is enough", { fence: "holder" }, { losses: 1 }),
  without("no floor under the epoch", { hasFloor: false }, { failovers: 1 }, [-hourMs]),
  without("no self-fence: a leader leads until it is refused", { hasSelfFence: false }, { losses: 1 }),
  without("renewals without a check of the lease", { renewIsFenced: false }, { pauses: 1 }),
  without("epochs without an ordinal of their leader", { epochHasOrdinal: false }, { failovers: 1 }),
  without("no new epoch when a higher one is seen", { higherEpochEndsLease: false }, { failovers: 1 }, [-hourMs]),
  without("a leader that does not compare what readers have", { comparesWithOwn: false }, { forgeries: 1 }),
  without("numbers that are believed without bounds", { numbersAreBounded: false }, { forgeries: 1 }),
  without("a lease of any length that is respected", { longLeaseIsReplaced: false }, { forgeries: 1 }),
  without("a reader that applies what comes", { readerKeepsOrder: false }, { failovers: 1, changes: 1 }),
];

export const deepWeakened: readonly NamedSetting[] = [
  without("no new epoch on a connection to another server", { otherServerEndsLease: false }, { failovers: 2 }, [
    hourMs,
    -hourMs,
  ]),
];

function holding(what: string, budget: Partial<Budget>, clocksMs: readonly number[] = [0]): NamedSetting {
  return { what, rules: chosenRules, budget: { ...nothing, ...budget }, clocksMs };
}

function without(
  what: string,
  left: Partial<Rules>,
  budget: Partial<Budget>,
  clocksMs: readonly number[] = [0],
): NamedSetting {
  return { ...holding(what, budget, clocksMs), rules: { ...chosenRules, ...left } };
}
