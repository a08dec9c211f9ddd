/**
 * What becomes of the attempts of one hedged Read. `first` is the attempt that the hedge was sent beside.
 *
 *                      ┌──────────── the hedge fails, or stays silent ────────────┐
 *                      │                       (once)                             │
 *                      ▼                                                          │
 *   alone ──a hedge is sent──▶ racing ◀──a hedge is sent── alone, for the last time
 *                                │ the last hedge fails, or the first attempt does
 *                                ▼
 *                              single
 *
 *   any of them ──an answer, the only attempt fails, or the request leaves──▶ over
 */
export type Race =
  /** One attempt is under way. `isLast`: a hedge that stayed silent was closed, so the next one stays. */
  | { readonly kind: "alone"; readonly isLast: boolean }
  /** A hedge is under way beside the first attempt, since then. */
  | { readonly kind: "racing"; readonly isLast: boolean; readonly sinceMs: number }
  /** One attempt is under way, and no further hedge follows. */
  | { readonly kind: "single" }
  | { readonly kind: "over" };

export type RaceEvent =
  | { readonly type: "hedged" }
  /** The hedge has had no byte for as long as it may. */
  | { readonly type: "hedgeSilent" }
  /** An answer that counts: not 429, 502, 503 or 504. */
  | { readonly type: "answered"; readonly by: "first" | "hedge" }
  /** An attempt has ended without one. */
  | { readonly type: "failed"; readonly attempt: "first" | "hedge" }
  /** The request was cancelled, or goes on in another way. */
  | { readonly type: "left" };

/**
 * closeHedge  end it now. `lostMs` is how long it ran for nothing; undefined for a last one, which is free
 * keepFirst   its request is answered; it stays on a little, so that what it shows of its node is seen as ever
 * pay         a hedge has ended by itself, and was of no use; `lostMs` as above
 * waitLonger  a last hedge may follow
 * awaitOther  the request goes on with the attempt that is left
 * won         the hedge was worth it
 */
export type RaceEffect =
  | { readonly type: "closeHedge"; readonly lostMs: number | undefined; readonly isGivenUp: boolean }
  | { readonly type: "pay"; readonly lostMs: number | undefined }
  | { readonly type: "keepFirst" | "waitLonger" | "awaitOther" | "won" };

/** How the race of every attempt begins. */
export const alone: Race = { kind: "alone", isLast: false };

const single: Race = { kind: "single" };
const over: Race = { kind: "over" };
const none: readonly RaceEffect[] = [];

/**
 * What follows an event. The loser's end differs: a hedge that loses mostly still queues, so it is closed and costs the
 * node nothing. A first attempt that loses stays on: with nothing in flight at a frozen node, none would detect it.
 */
export function nextRace(race: Race, event: RaceEvent, nowMs: number): readonly [Race, readonly RaceEffect[]] {
  if (race.kind !== "racing") return nextOfOne(race, event, nowMs);
  const lostMs = race.isLast ? undefined : nowMs - race.sinceMs;
  switch (event.type) {
    case "hedged":
      return [race, none];
    case "hedgeSilent": {
      if (race.isLast) return [race, none];
      const closed: RaceEffect = { type: "closeHedge", lostMs, isGivenUp: true };
      return [{ kind: "alone", isLast: true }, [closed, { type: "waitLonger" }]];
    }
    case "answered":
      if (event.by === "hedge") return [over, [{ type: "won" }, { type: "keepFirst" }]];
      return [over, [{ type: "closeHedge", lostMs, isGivenUp: false }]];
    case "failed":
      if (event.attempt === "first") return [single, [{ type: "awaitOther" }]];
      if (race.isLast) return [single, [{ type: "pay", lostMs }, { type: "awaitOther" }]];
      return [
        { kind: "alone", isLast: true },
        [{ type: "pay", lostMs }, { type: "awaitOther" }, { type: "waitLonger" }],
      ];
    case "left":
      return [over, [{ type: "closeHedge", lostMs, isGivenUp: false }]];
  }
}

function nextOfOne(race: Race, event: RaceEvent, nowMs: number): readonly [Race, readonly RaceEffect[]] {
  if (race.kind === "over") return [race, none];
  if (event.type === "hedged")
    return race.kind === "alone" ? [{ kind: "racing", isLast: race.isLast, sinceMs: nowMs }, none] : [race, none];
  if (event.type === "hedgeSilent") return [race, none];
  return [over, event.type === "answered" && event.by === "hedge" ? [{ type: "won" }] : none];
}
