import { uncountedBytes } from "@rollcall/core/request";
import type { DispatchObserver, Result, StreamingAnswer } from "../dispatch/sender.js";
import type { Cancellations } from "./cancellations.js";
import { Incoming } from "./incoming.js";
import type { Lane, LaneRequest } from "./lane.js";
import type { LaneStream } from "./lane-stream.js";
import { toMain, type Word } from "./messages.js";
import type { TargetLists } from "./target-lists.js";

export interface ThreadReportsOptions {
  readonly observer: DispatchObserver;
  /** A request of a task has a credential of its own, and its thread may have nodes that must not be sent one. */
  readonly credentialGiven: () => void;
  readonly hedgeDelay: (template: string, delayMs: number) => void;
}

/** Acts on the messages of threads: settles requests, feeds streams, and passes on what shows of the nodes. */
export class ThreadReports {
  constructor(
    private readonly options: ThreadReportsOptions,
    private readonly lists: TargetLists,
    private readonly cancellations: Cancellations,
  ) {}

  /** One message of the lane's thread: all that it had to report in one turn. */
  receive(lane: Lane, words: readonly Word[]): void {
    const { observer } = this.options;
    const incoming = new Incoming(words);
    while (!incoming.ended) {
      switch (incoming.number()) {
        case toMain.answered:
          this.answered(lane, incoming.number(), incoming.answer());
          break;
        case toMain.failed:
          this.ended(lane.ended(incoming.number()), incoming.failure());
          break;
        case toMain.head:
          this.streamBegins(lane, incoming.number(), incoming.head());
          break;
        case toMain.piece:
          lane.streams.piece(incoming.number(), incoming.bytes());
          break;
        case toMain.bodyRead:
          lane.streams.bodyRead(incoming.number(), incoming.number());
          break;
        case toMain.end:
          this.streamEnded(lane, incoming.number())?.end();
          break;
        case toMain.broken: {
          const stream = this.streamEnded(lane, incoming.number());
          const error = incoming.error();
          stream?.broken(error);
          break;
        }
        case toMain.dropped:
          lane.ended(incoming.number());
          break;
        case toMain.nodeFailed:
          observer.failed({
            slot: incoming.number(),
            generation: incoming.number(),
            startedAtMs: incoming.number(),
            reason: incoming.text(),
          });
          break;
        case toMain.credentialRefused:
          this.credentialRefused(lane, incoming);
          break;
        case toMain.credentialGiven:
          this.options.credentialGiven();
          break;
        case toMain.probeWanted:
          observer.probeWanted(incoming.number());
          break;
        case toMain.hedgeDelay:
          this.options.hedgeDelay(incoming.text(), incoming.number());
          break;
        case toMain.released:
          this.lists.release(lane, incoming.number(), incoming.number());
          break;
      }
    }
  }

  private credentialRefused(lane: Lane, incoming: Incoming): void {
    const ask = incoming.number();
    const refusal = { slot: incoming.number(), generation: incoming.number(), list: incoming.number() };
    this.options.observer.credentialRefused(refusal, () => lane.postRenewed(ask));
  }

  private answered(lane: Lane, id: number, answer: Result & { readonly kind: "answered" }): void {
    // Also of a request that was cancelled: its thread holds the bytes until then.
    if (answer.body.length > uncountedBytes) lane.postTaken(answer.body.length);
    this.ended(lane.ended(id), answer);
  }

  private ended(request: LaneRequest | undefined, result: Result): void {
    if (request === undefined) return;
    if (request.state.kind !== "cancelling") return request.settle(result);
    if (result.kind === "answered") this.cancellations.end(request, "maybe", result.attempts);
    else this.cancellations.end(request, result.error.sent, result.error.attempts);
  }

  private streamBegins(lane: Lane, id: number, head: Omit<StreamingAnswer, "windowBytes" | "source">): void {
    const windowBytes = lane.streams.windowOf(id);
    const begun = lane.beginStream(id);
    if (begun === undefined) return;
    const { request, stream } = begun;
    if (request.state.kind === "cancelling") this.cancellations.end(request, "maybe", head.attempts);
    else request.streaming({ ...head, windowBytes, source: stream });
  }

  private streamEnded(lane: Lane, id: number): LaneStream | undefined {
    const stream = lane.streams.get(id);
    lane.ended(id);
    return stream;
  }
}
