import type { Attempt } from "@rollcall/core";
import { rankOf } from "@rollcall/core/overload";
import { type History, historyOfSent, withGivenUpAttempt } from "@rollcall/core/request";
import { type CallerContext, callerContext } from "./caller-context.js";
import type { PackedRequest } from "./packed-body.js";
import type {
  CancelCode,
  Claim,
  PendingRequest,
  PreparedRequest,
  RequestOwner,
  Result,
  StreamingAnswer,
} from "./sender.js";
import type { Indexed } from "./swap-remove-list.js";

/**
 * A request in a dispatch. Where requests are signed, each way to `sending` leads through `signing`:
 *
 *   packing ──its body is packed──▶ queued, or sending
 *   signing ──its signature has come──▶ sending; or as after `queued`, where its node is gone
 *
 *                                       ┌─rerouted─┐
 *                                       ▼          │
 *   queued ──a connection is free──▶ sending ──to be retried──▶ backing-off
 *      ▲                                │                            │
 *      └───────── no room ◀─────────────┴──────── its time ◀─────────┘
 *
 *   queued, as it arrives ──too many wait──▶ refused ──a turn later──▶ settled
 *
 *   sending ──401──▶ renewing ──there is another credential──▶ sending, or queued
 *
 *   any of them ──answered, failed or cancelled──▶ settled
 *   sending ──the headers of an answer that is to stream──▶ streaming ──its end──▶ settled
 */
export type RequestState<SentAttempt> =
  | { readonly kind: "packing" }
  | { readonly kind: "queued" }
  | { readonly kind: "refused" }
  /** Its place at the node is taken; `leave` frees it. */
  | { readonly kind: "signing"; readonly leave: () => void }
  | { readonly kind: "sending"; readonly attempt: SentAttempt }
  | { readonly kind: "backing-off"; readonly cancel: () => void }
  /** Its answer is a 401, unless there is another credential soon. */
  | { readonly kind: "renewing"; readonly cancel: () => void }
  /** Its owner has the headers; the body goes to the reader. */
  | { readonly kind: "streaming"; readonly attempt: SentAttempt }
  | { readonly kind: "settled" };

/** The two states in which most requests spend their time hold nothing else: all requests share them. */
export const queued = Object.freeze({ kind: "queued" } as const);
export const settled = Object.freeze({ kind: "settled" } as const);

/** What is noted of an attempt that was given up. */
interface NotedAttempt {
  readonly pool: { readonly endpoint: { readonly address: string } };
  readonly startedAtMs: number;
  readonly handedToSocket: boolean;
}

/** An error names only the newest attempts of a request that had very many. */
const attemptsListedMax = 32;

// Thousands of requests may wait: what most of them have nothing of, they share.
const noSlots: readonly number[] = Object.freeze([]);
const noAttempts: readonly Attempt[] = Object.freeze([]);

/** One request that a dispatch has taken on and not settled, with all that its attempts have left behind. */
export class DispatchedRequest<SentAttempt> implements PendingRequest, Indexed {
  place = -1;
  state: RequestState<SentAttempt> = queued;
  /** When it was last put into the queue. */
  queuedAtMs = 0;
  history: History;
  /** What is sent in place of what was prepared. */
  packed: PackedRequest | undefined;
  /** Slots that it was sent to in this round. */
  tried = noSlots;
  /** The attempts that have ended, as errors and answers name them. */
  attempts = noAttempts;
  /** An attempt was given up because its node had stalled: once, and no more. */
  rerouted = false;
  /** It was sent again with another credential: once, and no more. */
  isRenewed = false;
  /** What sends it runs there, where that can be seen. */
  readonly context: CallerContext | undefined = callerContext();
  /** The place of its priority in the queue. */
  readonly rank: number;
  private explores: boolean;

  constructor(
    readonly prepared: PreparedRequest,
    readonly claim: Claim | undefined,
    private readonly dispatch: {
      cancel(request: DispatchedRequest<SentAttempt>, code: CancelCode, message: string): void;
    },
    private owner: RequestOwner,
  ) {
    this.history = historyOfSent(prepared.sentBefore);
    this.rank = rankOf(prepared.settings?.priority);
    this.explores = prepared.reroutable;
  }

  settle(result: Result): void {
    this.owner.settle(result);
  }

  stream(answer: StreamingAnswer): void {
    const { owner } = this;
    // It may refer to the caller's promise, and so to the body, which no pending request may keep from collection.
    this.owner = noOwner;
    owner.streaming?.(answer);
  }

  get isQueued(): boolean {
    return this.state.kind === "queued";
  }

  cancel(code: CancelCode, message: string): void {
    this.dispatch.cancel(this, code, message);
  }

  /** Whether the pick that is about to be made may explore: the first one of a Read, and no other. */
  takeExploration(): boolean {
    const { explores } = this;
    this.explores = false;
    return explores;
  }

  /** An attempt at the node has ended with this code, or was given up with it. */
  note(node: string, code: string, tookMs: number): void {
    const attempt = { node, code, ms: Math.round(tookMs) };
    this.attempts = this.attempts.length === 0 ? [attempt] : [...this.attempts.slice(1 - attemptsListedMax), attempt];
  }

  /** An attempt of it that decides nothing any more has this code. */
  noteGivenUp({ pool, startedAtMs, handedToSocket }: NotedAttempt, code: string, nowMs: number): void {
    this.note(pool.endpoint.address, code, nowMs - startedAtMs);
    this.history = withGivenUpAttempt(this.history, handedToSocket);
  }

  noteTried(slot: number): void {
    if (this.tried.length === 0) this.tried = [slot];
    else if (!this.tried.includes(slot)) this.tried = [...this.tried, slot];
  }
}

const noOwner: RequestOwner = Object.freeze({ settle: () => {} });
