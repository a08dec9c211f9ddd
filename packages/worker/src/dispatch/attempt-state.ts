import type { Endpoint } from "@rollcall/coordinator/cluster";
import type { Link } from "@rollcall/core";
import type { HedgedRead, RacingAttempt } from "@rollcall/core/hedging";
import type { AttemptFacts } from "@rollcall/core/request";
import { isBodySource } from "./body-source.js";
import type { Connection } from "./connection.js";
import type { NodeHandler, NodePool } from "./node-pool.js";
import type { DispatchedRequest } from "./pending-request.js";

/** What is known of one attempt: of which request, at which node, since when, and how far it has come. */
export class AttemptState<Attempt extends NodeHandler & RacingAttempt & Link<Attempt>>
  implements AttemptFacts, RacingAttempt, Link<Attempt>
{
  before: Attempt | undefined;
  after: Attempt | undefined;
  connection: Connection | undefined;
  handedToSocket = false;
  firstByteSeen = false;
  reusedSocket = false;
  status = 0;
  rawHeaders: readonly Buffer[] = [];
  /** The answer has waited for us: the time that it took says nothing about the node. */
  wasPaused = false;
  error: Error | undefined;
  /** Its outcome decides about its request, which has not been decided yet. */
  isWanted = true;
  /** Where its request may have a hedge: both attempts have the same. */
  hedged: HedgedRead<Attempt> | undefined;
  /** Its node's answer was judged when the headers came. */
  isJudged = false;
  /** Since when its node owes it a byte: the node owes none while the answer waits for its reader or our memory. */
  waitingSinceMs: number;
  isHeld = false;
  /** The node has not been given the whole body yet. */
  isSending: boolean;
  protected isFinished = false;
  /** Of the slot, when the attempt began. */
  readonly generation: number;
  /** As it was then: with the credential that was sent. */
  readonly endpoint: Endpoint;

  constructor(
    readonly request: DispatchedRequest<Attempt>,
    readonly pool: NodePool<Attempt>,
    readonly startedAtMs: number,
    /** The same on the clock that stands still while this thread does not run. */
    readonly startedRanMs: number,
  ) {
    this.generation = pool.generation;
    this.endpoint = pool.endpoint;
    this.waitingSinceMs = startedAtMs;
    this.isSending = isBodySource(request.prepared.body);
    // How long such a request takes depends on its source.
    this.wasPaused = this.isSending;
  }

  get slot(): number {
    return this.pool.slot;
  }

  get isOver(): boolean {
    return this.isFinished;
  }

  /** The node that it was sent to is still the slot's. */
  get isCurrent(): boolean {
    return this.pool.isCurrent && this.pool.generation === this.generation;
  }

  /** Its answer has come to the end, and was collected. */
  get isWhole(): boolean {
    return this.isFinished && this.error === undefined;
  }
}
