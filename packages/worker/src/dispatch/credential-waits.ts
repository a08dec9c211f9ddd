import { withGivenUpAttempt } from "@rollcall/core/request";
import type { AttemptHandler } from "./attempt.js";
import { isBodySource } from "./body-source.js";
import type { DispatchObserver } from "./sender.js";

export interface CredentialWaitsOptions {
  readonly observer: Pick<DispatchObserver, "credentialRefused">;
  /** How many requests may wait; the 401 is the answer of any more. */
  readonly max: number;
  /** Whether the attempt's node has another credential now than the attempt had. The newest list has been applied. */
  readonly hasAnother: (attempt: AttemptHandler) => boolean;
  /** Sends the attempt's request once more, to the same node if it has room. */
  readonly sendAgain: (attempt: AttemptHandler) => void;
  /** There is no other credential: the attempt's answer is its request's. */
  readonly answer: (attempt: AttemptHandler) => void;
}

/**
 * The requests of one thread that a node has answered with 401, while the owner of the credentials looks for another
 * one: it is asked once for all requests of a node.
 *
 * A 401 has applied nothing, so a request of any class is sent once more; this neither counts as one of its retries nor
 * takes anything from the retry budget. With `retry: false` it is not, for that promises one attempt.
 */
export class CredentialWaits {
  /** By slot and generation: the attempts that wait. */
  private readonly waiting = new Map<string, Set<AttemptHandler>>();
  private count = 0;

  constructor(private readonly options: CredentialWaitsOptions) {}

  /** Whether the answer of the attempt may not be its request's: it was refused, and may be sent again. */
  mayTake({ status, endpoint, request }: AttemptHandler): boolean {
    if (status !== 401 || endpoint.renewable !== true || request.isRenewed) return false;
    const { settings, body, maxRetries } = request.prepared;
    if (maxRetries === 0) return false;
    // What has been read of a source cannot be sent again.
    return settings?.hasOwnAuth !== true && !(isBodySource(body) && body.hasBegun);
  }

  /**
   * The answer of the attempt has come. True: its request waits, or is sent again already. False: the answer is its
   * request's.
   */
  take(attempt: AttemptHandler): boolean {
    const { status, endpoint, request, pool, generation } = attempt;
    if (status !== 401 || endpoint.renewable !== true || request.prepared.settings?.hasOwnAuth === true) return false;
    const isTaken = this.mayTake(attempt) && this.count < this.options.max;
    if (isTaken) request.history = withGivenUpAttempt(request.history, true);
    if (isTaken && this.options.hasAnother(attempt)) {
      this.options.sendAgain(attempt);
      return true;
    }
    const key = `${pool.slot} ${generation}`;
    const attempts = this.waiting.get(key);
    if (isTaken) {
      request.state = { kind: "renewing", cancel: () => this.drop(attempt, key) };
      this.count++;
    }
    if (attempts !== undefined) {
      if (isTaken) attempts.add(attempt);
      return isTaken;
    }
    this.waiting.set(key, new Set(isTaken ? [attempt] : []));
    this.options.observer.credentialRefused({ slot: pool.slot, generation }, () => this.renewed(key));
    return isTaken;
  }

  private drop(attempt: AttemptHandler, key: string): void {
    if (this.waiting.get(key)?.delete(attempt) === true) this.count--;
  }

  private renewed(key: string): void {
    const attempts = this.waiting.get(key);
    this.waiting.delete(key);
    for (const attempt of attempts ?? []) {
      // Another that went on may have led to its end.
      if (attempt.request.state.kind !== "renewing") continue;
      this.count--;
      if (this.options.hasAnother(attempt)) this.options.sendAgain(attempt);
      else this.options.answer(attempt);
    }
  }
}
