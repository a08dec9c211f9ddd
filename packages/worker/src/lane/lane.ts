import type { MessagePort } from "node:worker_threads";
import type { CancelCode, PendingRequest, PreparedRequest, Result } from "../dispatch/sender.js";
import { claim, type NewTargets, Outgoing } from "./messages.js";

/** A thread that has come up, as it introduces itself. */
export interface NewThread {
  readonly port: MessagePort;
  /** For lists of targets alone. */
  readonly viewPort: MessagePort;
  /** How many tasks it has been given and not ended. */
  readonly tasks: () => number;
}

/** That, why and when its owner gave a call up. */
export interface Cancellation {
  readonly code: CancelCode;
  readonly message: string;
  readonly atMs: number;
}

/**
 * A call as main keeps it:
 *
 *   waiting ──a thread is there──▶ given ──cancelled, and begun by the thread──▶ cancelling
 *      ▲                            │ │                                              │
 *      └──taken back, thread died ──┘ └──────────▶ settled ◀─────────────────────────┘
 */
export class LaneCall implements PendingRequest {
  state: "waiting" | "given" | "cancelling" | "settled" = "waiting";
  lane: Lane | undefined;
  /** Its place among the calls of its lane. */
  id = -1;
  /** Bytes of it may have been written by a thread that has died since. */
  handed = false;
  /** How many threads have died that had begun it. */
  deaths = 0;
  cancelled: Cancellation | undefined;

  constructor(
    readonly call: PreparedRequest,
    private readonly tell: (result: Result) => void,
    private readonly giveUp: (call: LaneCall, code: CancelCode, message: string) => void,
  ) {}

  get isWaiting(): boolean {
    return this.state === "waiting";
  }

  cancel(code: CancelCode, message: string): void {
    this.giveUp(this, code, message);
  }

  settle(result: Result): void {
    this.state = "settled";
    this.lane = undefined;
    // Whoever ends it knows of the last thread alone.
    if (this.handed && result.kind === "failed") this.tell({ ...result, error: { ...result.error, sent: "maybe" } });
    else this.tell(result);
  }
}

/** Main's end of the channel to one thread, and the calls that are there. */
export class Lane {
  /** For each call, how far it has come: see {@link claim}. */
  readonly claims: Int32Array;
  readonly outgoing = new Outgoing();
  /** By id. Undefined: free, or settled while the thread still has it. */
  private readonly calls: (LaneCall | undefined)[] = [];
  private readonly freeIds: number[] = [];
  private usedIds = 0;

  constructor(
    readonly thread: NewThread,
    readonly row: number,
    private readonly callsMax: number,
  ) {
    this.claims = new Int32Array(new SharedArrayBuffer(callsMax * Int32Array.BYTES_PER_ELEMENT));
  }

  /** Calls that the thread has, or has not yet said to be rid of. */
  get load(): number {
    return this.usedIds;
  }

  get tasks(): number {
    return this.thread.tasks();
  }

  hasRoom(bound: number): boolean {
    return this.usedIds < bound && this.usedIds < this.callsMax;
  }

  give(call: LaneCall): void {
    const id = this.freeIds.pop() ?? this.calls.length;
    this.usedIds++;
    this.calls[id] = call;
    Atomics.store(this.claims, id, claim.posted);
    call.state = "given";
    call.lane = this;
    call.id = id;
    this.outgoing.call(id, call.call);
  }

  /** Asks the thread to end the call. */
  askToEnd({ id }: LaneCall, code: CancelCode, message: string): void {
    this.outgoing.cancel(id, code, message);
  }

  /** Takes the call back if no byte of it has been handed to a socket: then the thread will not send it any more. */
  takeBack(call: LaneCall, from: "posted" | "begun"): boolean {
    if (Atomics.compareExchange(this.claims, call.id, claim[from], claim.taken) !== claim[from]) return false;
    this.letGo(call);
    return true;
  }

  /** How far the call has come, by the thread's own word. */
  stageOf({ id }: LaneCall): number {
    return Atomics.load(this.claims, id);
  }

  /** The thread is asked no more about the call; its id stays taken until the thread is rid of it. */
  letGo(call: LaneCall): void {
    this.calls[call.id] = undefined;
    call.lane = undefined;
  }

  /** The thread is rid of that call. Returns it, unless it was let go before. */
  ended(id: number): LaneCall | undefined {
    const call = this.calls[id];
    this.calls[id] = undefined;
    this.freeIds.push(id);
    this.usedIds--;
    return call;
  }

  /** The calls that are the thread's just now. */
  current(): LaneCall[] {
    return this.calls.filter((call) => call !== undefined);
  }

  postTargets(list: NewTargets): void {
    this.thread.viewPort.postMessage(list);
  }

  /** Sends what has gathered. */
  flush(): void {
    const { words, transfer } = this.outgoing;
    if (words.length === 0) return;
    this.thread.port.postMessage(words, transfer);
    words.length = 0;
    transfer.length = 0;
  }

  close(): void {
    this.thread.port.close();
    this.thread.viewPort.close();
  }
}
