import { present } from "../present.js";
import type { ConnectionShares } from "../view/view.js";
import { type ConnectionBudget, mayHoldInAll, newConnectionBudget, nextConnectionBudget } from "./connection-budget.js";
import type { ConnectionClaim } from "./connection-claim.js";
import { connectionHeartbeat, nextOwnShare, type OwnShare, shareAtStart } from "./own-share.js";

interface Replica {
  readonly threads: number;
  own: OwnShare;
  /** Of its newest heartbeat; undefined before the first. */
  claim?: ConnectionClaim;
  claimedAtMs: number;
  /** Frozen, it neither reads nor sends, and keeps its connections. Cut off, it serves on. */
  state: "well" | "frozen" | "cut off";
  /** Connections that it cannot close, because answers are under way on them. */
  busy: number;
}

const roundMs = 2_000;
/** As the replica registry of a coordinator. */
const recentMs = 12_000;

function heldBy({ own, threads, busy }: Replica, perThread: number): number {
  return Math.max(Math.max(own.perThread, perThread) * threads, busy);
}

/** A leader and replicas that obey it, in made-up time. */
export class BudgetFleet {
  nowMs = 0;
  readonly replicas = new Map<string, Replica>();
  private budget: ConnectionBudget;
  private rounds = 1;

  constructor(public fleetPerNode: number) {
    this.budget = newConnectionBudget(undefined, 1, 0);
  }

  get shares(): ConnectionShares | undefined {
    return this.budget.shares;
  }

  /** What the leader counts. */
  get counted(): number {
    return mayHoldInAll(this.budget, this.nowMs);
  }

  /** What the replicas may have open at a node, all together. */
  get held(): number {
    return [...this.replicas.values()].reduce((sum, replica) => sum + heldBy(replica, 0), 0);
  }

  /** The same once those that start have read what is published. */
  get heldSoon(): number {
    const starting = this.shares?.starting ?? 1;
    const held = (replica: Replica) => heldBy(replica, replica.own.isAdmitted ? 0 : starting);
    return [...this.replicas.values()].reduce((sum, replica) => sum + held(replica), 0);
  }

  get threads(): number {
    return [...this.replicas.values()].reduce((sum, { threads }) => sum + threads, 0);
  }

  join(name: string, threads: number): void {
    this.replicas.set(name, { threads, own: shareAtStart, claimedAtMs: 0, state: "well", busy: 0 });
  }

  end(name: string): void {
    this.replicas.delete(name);
    this.gone.delete(name);
    this.budget = nextConnectionBudget(this.budget, { type: "ended", replica: name }, this.nowMs);
  }

  /** Its last heartbeat stays recent for a while. */
  kill(name: string): void {
    const replica = this.replicas.get(name);
    this.replicas.delete(name);
    if (replica?.claim !== undefined) this.gone.set(name, { claim: replica.claim, atMs: replica.claimedAtMs });
  }

  /** Another process leads, with what it finds published, if that is not lost. */
  changeLeader(keeps: boolean): void {
    this.rounds += 1_000;
    const inherited = keeps ? this.shares : undefined;
    this.budget = newConnectionBudget(inherited, this.rounds, this.nowMs);
  }

  /** Which replicas read the newest shares, and which send a heartbeat; the others are late. */
  round(reads = (_name: string) => true, sends = (_name: string) => true): void {
    this.nowMs += roundMs;
    for (const [name, replica] of this.replicas) {
      if (replica.state !== "well") continue;
      if (reads(name)) replica.own = nextOwnShare(replica.own, this.shares, name);
      // None is silent for longer than a heartbeat is recent.
      if (sends(name) || this.nowMs - replica.claimedAtMs > 5_000) this.beat(name, replica);
    }
    this.budget = nextConnectionBudget(this.budget, { type: "round", claims: this.claims() }, this.nowMs);
  }

  private readonly gone = new Map<string, { readonly claim: ConnectionClaim; readonly atMs: number }>();

  private beat(name: string, replica: Replica): void {
    const { own, threads, busy } = replica;
    // It is idle as it sends this, and may open all that it may have in the next moment.
    replica.claim = { replica: name, threads, ...connectionHeartbeat(own, this.fleetPerNode, busy) };
    replica.claimedAtMs = this.nowMs;
  }

  private claims(): ConnectionClaim[] {
    const known = [...this.replicas.values()].map(({ claim, claimedAtMs }) => ({
      ...present({ claim }),
      atMs: claimedAtMs,
    }));
    return [...known, ...this.gone.values()].flatMap(({ claim, atMs }) =>
      claim !== undefined && this.nowMs - atMs < recentMs ? claim : [],
    );
  }
}
