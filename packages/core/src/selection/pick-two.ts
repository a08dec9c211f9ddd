import type { Random } from "../random.js";
import type { Roster } from "./eligible.js";

/** In panic, a node that refused a connection so recently is taken only if every other has too, or has no room. */
const refusalMs = 1_000;
/** Among more nodes than this, two are guessed before all are looked at. */
const guessAbove = 16;
const guessesMax = 16;

/**
 * The node table as a pick sees it. Its methods are called for every request and several nodes each: they should read a
 * word and allocate nothing.
 */
export interface NodeReader {
  /** Who may get a request now; made again whenever a candidate changes. */
  readonly roster: Roster;
  /** The probability, above 0, with which the node takes part in a draw: below 1 while it is eased in. */
  weightOf(slot: number): number;
  inFlightOf(slot: number): number;
  /** Whether one more request may be sent now: not every connection that is allowed is taken. */
  hasRoom(slot: number): boolean;
  /** When the node last refused a connection, in monotonic milliseconds; -Infinity if it never did. */
  refusedAtMs(slot: number): number;
}

export type Picked =
  | { readonly type: "node"; readonly slot: number }
  /** The nodes this request may go to have no room. */
  | { readonly type: "full" }
  /** No node and no seed is known. */
  | { readonly type: "none" };

const full: Picked = { type: "full" };
const none: Picked = { type: "none" };

/**
 * Chooses the node for the next attempt of a request, which was sent to the slots `tried` before.
 *
 * It goes to an eligible node that it has not tried; when all of those are tried, to any other node that is not, in the
 * roster's order; when every node is tried, to an eligible one again. A node without room is left out, but nobody gets
 * a request just because a better node has no room: then the answer is "full".
 *
 * Where several nodes are equally good, two different ones are drawn at random and the cheaper is taken. Always taking
 * the cheapest of all would send every process to the same node at once; the cheaper of two comes close to it without
 * that (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", 2001).
 */
export function pick(reader: NodeReader, tried: readonly number[], nowMs: number, random: Random): Picked {
  const { eligible, further, panic } = reader.roster;
  if (eligible.length === 0) return none;

  const slot = draw(reader, eligible, tried, "untried", panic, nowMs, random);
  if (slot !== nobody) return { type: "node", slot };
  if (tried.length === 0) return full;

  if (eligible.every((one) => tried.includes(one))) {
    for (const group of further) {
      const other = draw(reader, group, tried, "untried", true, nowMs, random);
      if (other !== nobody) return { type: "node", slot: other };
    }
  }
  const again = draw(reader, eligible, tried, "tried", panic, nowMs, random);
  return again === nobody ? full : { type: "node", slot: again };
}

const nobody = -1;

function draw(
  reader: NodeReader,
  group: readonly number[],
  tried: readonly number[],
  wanted: "tried" | "untried",
  panic: boolean,
  nowMs: number,
  random: Random,
): number {
  const suits = (slot: number) => tried.includes(slot) === (wanted === "tried") && reader.hasRoom(slot);
  const refused = (slot: number) => panic && nowMs - reader.refusedAtMs(slot) < refusalMs;

  if (group.length > guessAbove) {
    let guessed = nobody;
    for (let guesses = 0; guesses < guessesMax; guesses++) {
      const slot = group[Math.floor(random() * group.length)] ?? nobody;
      if (slot === guessed || !suits(slot) || refused(slot) || sitsOut(reader, slot, random)) continue;
      if (guessed !== nobody) return cheaper(reader, guessed, slot, random);
      guessed = slot;
    }
  }

  let first = nobody;
  let second = nobody;
  let drawn = 0;
  let best = Number.POSITIVE_INFINITY;
  for (const slot of group) {
    if (!suits(slot)) continue;
    // Sitting out and a late refusal put a node behind the others of its group, so it is there if nobody else is.
    const place = (refused(slot) ? 2 : 0) + (sitsOut(reader, slot, random) ? 1 : 0);
    if (place > best) continue;
    if (place < best) {
      best = place;
      drawn = 0;
    }
    // Any two of the best seen so far are equally likely to be the ones held (Vitter's algorithm R).
    drawn++;
    const at = drawn <= 2 ? drawn - 1 : Math.floor(random() * drawn);
    if (at === 0) first = slot;
    else if (at === 1) second = slot;
  }
  return drawn < 2 ? first : cheaper(reader, first, second, random);
}

/** A node that is eased in takes part in few draws, but at its true cost: a higher one would mean no requests at all. */
function sitsOut(reader: NodeReader, slot: number, random: Random): boolean {
  const weight = reader.weightOf(slot);
  return weight < 1 && random() >= weight;
}

function cheaper(reader: NodeReader, a: number, b: number, random: Random): number {
  const difference = costOf(reader, a) - costOf(reader, b);
  if (difference === 0) return random() < 0.5 ? a : b;
  return difference < 0 ? a : b;
}

/** What a request would cost at this node. It counts itself, so that an idle node is not free whatever multiplies it. */
function costOf(reader: NodeReader, slot: number): number {
  return reader.inFlightOf(slot) + 1;
}
