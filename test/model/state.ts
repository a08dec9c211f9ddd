import { type Candidate, newCandidate } from "@rollcall/core/election";
import { emptyPartialView, type Head, type PartialView } from "@rollcall/core/view";
import type { Lease, SeenVersions } from "#coordinator/store/view-store";
import type { RedisValues } from "./redis.js";

/** The clock of Redis when a story begins: far from 0, which stands for no epoch. */
export const beginMs = 1_800_000_000_000;

/** All that the protocol consists of, at one moment. What happens makes a copy of it. */
export interface World {
  /** Of the processes, which run alike; the clock of Redis is this and `redisAheadMs`. */
  nowMs: number;
  redisAheadMs: number;
  /** Which server is the primary: another after each failover. */
  primary: number;
  /** What the primary holds, and what its replica had at the last replication. */
  values: RedisValues;
  replica: RedisValues;
  processes: readonly Process[];
  reader: PartialView;
  /** What Redis granted last, on any primary. */
  granted: Lease | undefined;
  /** Who has published which epoch and sequence. */
  authors: ReadonlyMap<string, string>;
  budget: Budget;
}

/** What may still go wrong. */
export interface Budget {
  readonly failovers: number;
  /** Connections that break. */
  readonly cuts: number;
  /** Requests or replies that are lost. */
  readonly losses: number;
  readonly pauses: number;
  readonly rebirths: number;
  readonly forgeries: number;
  /** Changes of the view in one term, beside its first publication. */
  readonly changes: number;
}

/** A process that may lead, with its connection to Redis. */
export interface Process {
  readonly name: string;
  readonly candidate: Candidate;
  /** False while it is stopped, or its garbage collection runs. */
  readonly isRunning: boolean;
  readonly isConnected: boolean;
  /** The primary of its last connection. */
  readonly primary: number;
  readonly held: Held | undefined;
  /** A change, or a publication that failed, waits for the next one. */
  readonly isDirty: boolean;
  /** What it has sent and Redis has not carried out, the oldest first. */
  readonly sent: readonly Command[];
  /** The same on connections that it has replaced: Redis may carry them out at any time, and no process gets a reply. */
  readonly strays: readonly Command[];
  /** Replies that have arrived while it did not run. */
  readonly replies: readonly Reply[];
}

/** As `RedisWriter` keeps it. */
export interface Held {
  readonly lease: Lease;
  readonly sent?: SeenVersions;
  /** The newest sequence that was certainly published; 0: none. */
  readonly published: number;
  /** A publication is under way. */
  readonly isPublishing: boolean;
  readonly beat: number;
  readonly sequence: number;
}

/** Without the time, which Redis adds. */
export type WrittenHead = Omit<Head, "atMs">;

export type Command = {
  /** Its sender has given it up. Redis may carry it out all the same. */
  readonly isLate: boolean;
} & (
  | { readonly kind: "acquire"; readonly request: number; readonly floorEpoch: number }
  | { readonly kind: "renew"; readonly request: number; readonly lease: Lease; readonly head?: WrittenHead }
  | { readonly kind: "publish"; readonly lease: Lease; readonly head: WrittenHead }
  | { readonly kind: "release"; readonly lease: Lease }
);

export interface Reply {
  readonly to: Command;
  readonly answer: string | number | null;
}

export function newProcess(name: string, nowMs: number, primary: number): Process {
  return {
    ...{ name, candidate: newCandidate(nowMs), isRunning: true, isConnected: true, primary, held: undefined },
    ...{ isDirty: false, sent: [], strays: [], replies: [] },
  };
}

export function newWorld(budget: Budget): World {
  return {
    ...{ nowMs: beginMs, redisAheadMs: 0, primary: 0, values: new Map(), replica: new Map(), reader: emptyPartialView },
    ...{
      processes: [newProcess("a", beginMs, 0), newProcess("b", beginMs, 0)],
      granted: undefined,
      authors: new Map(),
      budget,
    },
  };
}

/** Every process has one name from its start to its end; the ordinals of these differ. */
export const namesOfReborn: readonly string[] = ["c", "d", "e"];
