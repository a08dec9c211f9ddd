import type { Random } from "../random.js";
import { DrawTwo, noSlot } from "./draw-two.js";
import type { Exploration } from "./exploration.js";
import type { NodeReader } from "./node-reader.js";
import { penalizedAbove } from "./penalties.js";

/** A node that refused a connection within this time is taken only if every other did too or has no room. */
const refusalMs = 1_000;
/** Among more nodes than this, two are guessed before all are compared. */
const guessAbove = 16;
const guessesMax = 16;

export type Picked =
  | { readonly type: "node"; readonly slot: number }
  /** The nodes this request may go to have no room. */
  | { readonly type: "full" }
  /** No node and no seed is known. */
  | { readonly type: "none" };

const full: Picked = { type: "full" };
const none: Picked = { type: "none" };

/**
 * Chooses the node for the next attempt of a request that was sent to the slots `tried` before.
 *
 * It goes to an eligible node that it has not tried; when all of those are tried, to any other node that is not, in the
 * roster's order; when every node is tried, to an eligible one again. A node without room is left out, but a worse
 * node gets no request just because a better one has no room: then the result is "full".
 *
 * Two different nodes without a penalty are drawn at random, and one with; the cheapest of these is taken. The cheapest
 * of all would draw every process to the same node at once; the cheaper of two comes close to it without that
 * (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", 2001). Penalized nodes are not among the two:
 * if most nodes are bad, most pairs would be.
 *
 * With `exploration`, which is for Reads only, a first attempt may go to a penalized node to measure it.
 */
export function pick(
  reader: NodeReader,
  tried: readonly number[],
  nowMs: number,
  random: Random,
  exploration?: Exploration,
): Picked {
  const { eligible, further, panic } = reader.roster;
  if (eligible.length === 0) return none;

  const explored = tried.length === 0 && !panic ? exploration?.next(reader, nowMs) : undefined;
  if (explored !== undefined) return { type: "node", slot: explored };

  const slot = draw(reader, eligible, tried, "untried", nowMs, random);
  if (slot !== noSlot) return { type: "node", slot };
  if (tried.length === 0) return full;

  if (eligible.every((one) => tried.includes(one))) {
    for (const group of further) {
      const other = draw(reader, group, tried, "untried", nowMs, random);
      if (other !== noSlot) return { type: "node", slot: other };
    }
  }
  const again = draw(reader, eligible, tried, "tried", nowMs, random);
  return again === noSlot ? full : { type: "node", slot: again };
}

/** Chooses as {@link pick} does, but among these nodes only and without regard to the roster. */
export function pickAmong(reader: NodeReader, group: readonly number[], nowMs: number, random: Random): Picked {
  if (group.length === 0) return none;
  const slot = draw(reader, group, [], "untried", nowMs, random);
  return slot === noSlot ? full : { type: "node", slot };
}

const drawnWell = new DrawTwo();
const drawnPenalized = new DrawTwo();

function draw(
  reader: NodeReader,
  group: readonly number[],
  tried: readonly number[],
  wanted: "tried" | "untried",
  nowMs: number,
  random: Random,
): number {
  const suits = (slot: number) => tried.includes(slot) === (wanted === "tried") && reader.hasRoom(slot);
  const refused = (slot: number) => nowMs - reader.refusedAtMs(slot) < refusalMs;

  if (group.length > guessAbove) {
    let guessed = noSlot;
    let penalized = noSlot;
    for (let guesses = 0; guesses < guessesMax; guesses++) {
      const slot = group[Math.floor(random() * group.length)] ?? noSlot;
      if (slot === guessed || !suits(slot) || refused(slot) || sitsOut(reader, slot, random)) continue;
      if (reader.penaltyOf(slot) > penalizedAbove) {
        penalized = slot;
      } else if (guessed === noSlot) {
        guessed = slot;
      } else {
        return ifCheaper(reader, penalized, cheaper(reader, guessed, slot, random));
      }
    }
  }

  drawnWell.clear();
  drawnPenalized.clear();
  for (const slot of group) {
    if (!suits(slot)) continue;
    // Sitting out and a recent refusal put a node behind the others of its group; it is taken if it is the only one.
    const place = (refused(slot) ? 2 : 0) + (sitsOut(reader, slot, random) ? 1 : 0);
    (reader.penaltyOf(slot) > penalizedAbove ? drawnPenalized : drawnWell).offer(slot, place, random);
  }
  const well = cheaper(reader, drawnWell.first, drawnWell.second, random);
  // A node that sits out is still better than a penalized one; not so one that refuses.
  const wellRefused = drawnWell.place >= 2;
  const penalizedRefused = drawnPenalized.place >= 2;
  if (well === noSlot || (wellRefused && !penalizedRefused)) {
    return cheaper(reader, drawnPenalized.first, drawnPenalized.second, random);
  }
  const comparable = wellRefused === penalizedRefused && drawnPenalized.place <= drawnWell.place;
  return comparable ? ifCheaper(reader, drawnPenalized.first, well) : well;
}

/** A node in slow start takes part in few draws, but at its true cost: a higher cost would mean no requests at all. */
function sitsOut(reader: NodeReader, slot: number, random: Random): boolean {
  const weight = reader.weightOf(slot);
  return weight < 1 && random() >= weight;
}

/** The other one if one of them is no node. */
function cheaper(reader: NodeReader, a: number, b: number, random: Random): number {
  if (a === noSlot || b === noSlot) return a === noSlot ? b : a;
  const difference = costOf(reader, a) - costOf(reader, b);
  if (difference === 0) return random() < 0.5 ? a : b;
  return difference < 0 ? a : b;
}

function ifCheaper(reader: NodeReader, penalized: number, well: number): number {
  return penalized !== noSlot && costOf(reader, penalized) < costOf(reader, well) ? penalized : well;
}

/** What a request would cost at this node. It counts itself, so that an idle node with a penalty is not free. */
function costOf(reader: NodeReader, slot: number): number {
  return (reader.inFlightOf(slot) + 1) * reader.penaltyOf(slot);
}
