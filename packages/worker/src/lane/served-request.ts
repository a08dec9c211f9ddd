import type { Claim, PendingRequest, RequestOwner, Result, StreamingAnswer } from "../dispatch/sender.js";
import { claim } from "./claim-word.js";
import type { ServedBody } from "./served-body.js";
import type { ServedStream } from "./served-stream.js";

/** One request in its thread, with what streams of it. It marks each attempt in the claim word. */
export class ServedRequest implements Claim, RequestOwner {
  pending: PendingRequest | undefined;
  stream: ServedStream | undefined;

  constructor(
    readonly id: number,
    /** In order of arrival. */
    readonly number: number,
    private readonly claims: Int32Array,
    readonly body: ServedBody | undefined,
    private readonly server: {
      settled(request: ServedRequest, result: Result): void;
      streams(request: ServedRequest, answer: StreamingAnswer): void;
    },
  ) {}

  settle(result: Result): void {
    this.server.settled(this, result);
  }

  streaming(answer: StreamingAnswer): void {
    this.server.streams(this, answer);
  }

  markSent(): boolean {
    const before = Atomics.compareExchange(this.claims, this.id, claim.accepted, claim.sent);
    // Once it is sent, this thread alone writes the word.
    if (before >= claim.sent) Atomics.add(this.claims, this.id, 1);
    return before !== claim.revoked;
  }
}
