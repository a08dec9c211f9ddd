import type { MessagePort } from "node:worker_threads";
import { rankOf } from "@rollcall/core/overload";
import { isBodySource } from "../dispatch/body-source.js";
import type {
  CancelCode,
  PendingRequest,
  PreparedRequest,
  RequestOwner,
  Result,
  Sender,
  StreamingAnswer,
} from "../dispatch/sender.js";
import { claim } from "./claim-word.js";
import { LaneBody } from "./lane-body.js";
import type { LaneStream } from "./lane-stream.js";
import { LaneStreams } from "./lane-streams.js";
import { type TargetsPart, toThread } from "./messages.js";
import { Outgoing } from "./outgoing.js";

/** A thread that has come up. */
export interface NewThread {
  readonly port: MessagePort;
  /** For lists of targets alone. */
  readonly viewPort: MessagePort;
  /** How many tasks it has been given and not ended. */
  readonly tasks: () => number;
}

/** Why and when the owner cancelled a request. */
export interface Cancellation {
  readonly code: CancelCode;
  readonly message: string;
  readonly atMs: number;
}

/**
 * A request as main holds it:
 *
 *   queued ──a thread is up──▶ given ──cancelled after the thread accepted it──▶ cancelling
 *      ▲                        │ │                                                  │
 *      └─revoked, thread died───┘ └──────────▶ settled ◀─────────────────────────────┘
 *
 * From `queued` it is `refused` as it comes, and then settled, where all bounds are reached.
 * From `queued` it is `handedOver` for good where no thread can start, and this thread sends instead.
 * It is settled, too, once the headers of an answer that streams have come: the rest is a stream of its lane.
 */
export type LaneRequestState =
  | { readonly kind: "queued" }
  /** Settled in the next turn. */
  | { readonly kind: "refused" }
  /** The thread has it, under this id. */
  | { readonly kind: "given"; readonly lane: Lane; readonly id: number }
  | { readonly kind: "cancelling"; readonly lane: Lane; readonly id: number; readonly why: Cancellation }
  | { readonly kind: "handedOver"; readonly pending: PendingRequest }
  | { readonly kind: "settled" };

const queued: LaneRequestState = { kind: "queued" };
const settled: LaneRequestState = { kind: "settled" };

export class LaneRequest implements PendingRequest, RequestOwner {
  state: LaneRequestState = queued;
  /** How many threads that had accepted it have died. */
  deaths = 0;

  constructor(
    public prepared: PreparedRequest,
    private readonly owner: RequestOwner,
    private readonly lanes: { cancel(request: LaneRequest, code: CancelCode, message: string): void },
  ) {}

  /** How many of its answer and its body stream. */
  get streams(): number {
    return (this.prepared.answerWindowBytes > 0 ? 1 : 0) + (isBodySource(this.prepared.body) ? 1 : 0);
  }

  /** Its thread alone has its body, as soon as it has the request. */
  get hasGivenBody(): boolean {
    return this.prepared.settings?.hasGivenBody === true;
  }

  /** The place of its priority in the queue. */
  get rank(): number {
    return rankOf(this.prepared.settings?.priority);
  }

  get isQueued(): boolean {
    return this.state.kind === "queued";
  }

  cancel(code: CancelCode, message: string): void {
    this.lanes.cancel(this, code, message);
  }

  /** It goes to another thread. The last one sent so many attempts. */
  requeue(sentAttempts = 0): void {
    this.state = queued;
    if (sentAttempts === 0) return;
    this.prepared = { ...this.prepared, sentBefore: this.prepared.sentBefore + sentAttempts };
  }

  handOver(sender: Pick<Sender, "start">): void {
    const pending = sender.start(this.prepared, this);
    if (this.state.kind === "queued") this.state = { kind: "handedOver", pending };
  }

  settle(result: Result): void {
    this.state = settled;
    this.owner.settle(result);
  }

  streaming(answer: StreamingAnswer): void {
    this.state = settled;
    this.owner.streaming?.(answer);
  }
}

/** Main's end of the link to one thread, and the requests that the thread has. */
export class Lane {
  /** For each request, how far it has come: see {@link claim}. */
  readonly claims: Int32Array;
  readonly outgoing = new Outgoing();
  readonly streams = new LaneStreams();
  /** By id. Undefined: free, or detached while the thread still has it. */
  private readonly requests: (LaneRequest | undefined)[] = [];
  private readonly freeIds: number[] = [];
  private usedIds = 0;

  constructor(
    readonly thread: NewThread,
    readonly row: number,
    private readonly requestsMax: number,
    private readonly flushSoon: () => void,
  ) {
    this.claims = new Int32Array(new SharedArrayBuffer(requestsMax * Int32Array.BYTES_PER_ELEMENT));
  }

  /** Requests that the thread has, or has not yet reported as ended. */
  get load(): number {
    return this.usedIds;
  }

  get tasks(): number {
    return this.thread.tasks();
  }

  hasRoom(bound: number): boolean {
    return this.usedIds < bound && this.usedIds < this.requestsMax;
  }

  give(request: LaneRequest): void {
    const id = this.freeIds.pop() ?? this.requests.length;
    this.usedIds++;
    this.requests[id] = request;
    Atomics.store(this.claims, id, claim.queued);
    request.state = { kind: "given", lane: this, id };
    const { prepared, streams } = request;
    this.flushSoon();
    if (streams === 0) return this.outgoing.request(id, prepared);
    const windowBytes = this.streams.takeWindows(id, streams);
    if (isBodySource(prepared.body)) this.streams.addBody(id, new LaneBody(id, prepared.body, this));
    const answerWindowBytes = prepared.answerWindowBytes > 0 ? windowBytes : 0;
    this.outgoing.request(id, { ...prepared, answerWindowBytes }, windowBytes);
  }

  /** The headers of the request's answer have come. Returns the request, unless it was detached before. */
  beginStream(id: number): { readonly request: LaneRequest; readonly stream: LaneStream } | undefined {
    const request = this.requests[id];
    this.detach(id);
    return request === undefined ? undefined : { request, stream: this.streams.open(id, this) };
  }

  postBodyPiece(id: number, piece: Uint8Array): void {
    this.outgoing.bodyPiece(id, piece);
    this.flushSoon();
  }

  postBodyEnd(id: number, isWhole: boolean): void {
    this.outgoing.words.push(toThread.bodyEnd, id, isWhole ? 1 : 0);
    this.flushSoon();
  }

  postRead(id: number, byteLength: number): void {
    this.outgoing.words.push(toThread.read, id, byteLength);
    this.flushSoon();
  }

  postDrop(id: number): void {
    this.outgoing.words.push(toThread.drop, id);
    this.flushSoon();
  }

  postTaken(byteLength: number): void {
    this.outgoing.words.push(toThread.taken, byteLength);
    this.flushSoon();
  }

  postRenewed(ask: number): void {
    this.outgoing.words.push(toThread.renewed, ask);
    this.flushSoon();
  }

  /** Revokes the request if its claim is still at `from`: then the thread does not send it any more. */
  revoke(id: number, from: "queued" | "accepted"): boolean {
    if (Atomics.compareExchange(this.claims, id, claim[from], claim.revoked) !== claim[from]) return false;
    this.detach(id);
    return true;
  }

  claimOf(id: number): number {
    return Atomics.load(this.claims, id);
  }

  /**
   * Whatever the thread reports of the request from now on is ignored. Its id stays in use until the thread reports its
   * end.
   */
  detach(id: number): void {
    this.requests[id] = undefined;
  }

  /** The thread reports the end of the request. Returns it, unless it was detached before. */
  ended(id: number): LaneRequest | undefined {
    const request = this.requests[id];
    this.requests[id] = undefined;
    this.freeIds.push(id);
    this.usedIds--;
    this.streams.release(id);
    return request;
  }

  /** The requests that the thread has now. */
  current(): LaneRequest[] {
    return this.requests.filter((request) => request !== undefined);
  }

  postTargets(part: TargetsPart): void {
    this.thread.viewPort.postMessage(part);
  }

  /** Sends the words gathered since the last flush. */
  flush(): void {
    this.outgoing.post(this.thread.port);
  }

  close(): void {
    this.thread.port.close();
    this.thread.viewPort.close();
  }
}
