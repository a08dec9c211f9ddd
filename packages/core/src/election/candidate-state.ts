/**
 * One process's part in the election of the leader.
 *
 *            due, or news             granted
 *   standby ──────────────▶ acquiring ─────────▶ leading
 *    ▲   ▲                   │  ▲  ▲              │ │ │
 *    │   └─ refused, failed ─┘  │  └───── (1) ────┘ │ │
 *    │                          └ 30 s ─ resting ◀──┘ │
 *    │                                       (2)      │
 *    └───────────────────── (3) ──────────────────────┘
 *
 * (1) A higher epoch was seen, or something of its own epoch that it has not written; or its epoch lies in the future,
 *     since the store's clock was set back; or there is a new connection to a store that may have gone back in time.
 * (2) It has reached no node for 15 s, and another process does.
 * (3) The lease is lost, or 6 s have passed since the last good renewal was sent.
 *
 * The lease is for economy: it keeps the number of sniffs and probes from growing with the number of processes. The
 * store checks every write against the lease, so no old leader overwrites a newer view. Promised here:
 * - Nothing is published later than 6 s after the last good renewal was sent; see `mayPublish`.
 * - A leader that sees a higher epoch gives up its own: after a failover of the store, readers would reject it for
 *   ever. It takes the lease anew, above that epoch. So it does where readers have something newer under its own epoch,
 *   which another client of the store has forged. If it gets the lease at once, no other process has led: it continues
 *   from what it has found itself, and not from what may be forged.
 * - No epoch is believed for ever: a floor that the store's clock disproves is forgotten.
 * - After a new connection the lease is renewed at once where the store is certainly the same one. Elsewhere it is taken
 *   anew: the store may have gone back in time, to a lease that another process has held since.
 * - A store that fails ends no lease. A leader leads until its time is up.
 * - A process that does not lead keeps trying, whatever happens. A leader that reaches no node stops only if another
 *   process does reach one: a total outage must not end discovery.
 *
 * All times are monotonic milliseconds.
 */
export type Candidate = (Standby | Acquiring | Leading | Resting) & {
  /** The highest epoch that was ever held or seen. */
  readonly floorEpoch: number;
  /** The number of the last request to the store. Answers to earlier ones are ignored. */
  readonly request: number;
};

export interface Standby {
  readonly state: "standby";
  readonly attemptAtMs: number;
  /** The effect `anotherLeads` has been given. */
  readonly follows: boolean;
  /** It led until it was overtaken, and no other process has been found to lead since. */
  readonly continues: boolean;
}

export interface Acquiring {
  readonly state: "acquiring";
  readonly sentAtMs: number;
  readonly follows: boolean;
  readonly continues: boolean;
}

export interface Leading {
  readonly state: "leading";
  readonly epoch: number;
  /** When it took this epoch because it was overtaken; -Infinity if it was not. */
  readonly retakenAtMs: number;
  /** When the acquisition or the last good renewal was sent, not when it was answered. */
  readonly goodAtMs: number;
  readonly renewAtMs: number;
  /** When the renewal was sent whose answer is pending. */
  readonly renewingSinceMs: number | undefined;
  /** Since when no node of the cluster has been reached; undefined while one is. */
  readonly unreachedSinceMs: number | undefined;
}

/** Has left the lease to other processes. */
export interface Resting {
  readonly state: "resting";
  readonly untilMs: number;
}
