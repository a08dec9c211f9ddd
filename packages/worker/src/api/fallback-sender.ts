import type { Steps } from "@rollcall/core";
import type { RerouteOrder } from "../dispatch/reroute-order.js";
import type { Claim, PendingRequest, PreparedRequest, RequestOwner, Sender, SenderStats } from "../dispatch/sender.js";
import type { Target } from "../dispatch/target.js";
import type { Lanes } from "../lane/client.js";

/** Sends through worker threads; or, from the moment that these are given up, through another sender, for good. */
export class FallbackSender implements Sender {
  private current: Sender;
  private targets: readonly Target[] = [];

  constructor(private readonly lanes: Lanes) {
    this.current = lanes;
  }

  /** Every request that waits for a thread, and all that come, are this sender's. */
  fallBackTo(sender: Sender): void {
    sender.apply(this.targets);
    this.current = sender;
    this.lanes.handOver(sender);
  }

  get isUp(): boolean {
    return this.current.isUp;
  }

  apply(targets: readonly Target[]): void {
    this.targets = targets;
    this.current.apply(targets);
  }

  *prepare(targets: readonly Target[]): Steps<void> {
    if (this.current.prepare !== undefined) yield* this.current.prepare(targets);
  }

  start(request: PreparedRequest, owner: RequestOwner, claim?: Claim): PendingRequest {
    return this.current.start(request, owner, claim);
  }

  pump(): void {
    this.current.pump();
  }

  reroute(order: RerouteOrder): void {
    this.current.reroute(order);
  }

  stats(): SenderStats {
    return this.current.stats();
  }

  async destroy(): Promise<void> {
    await Promise.all([this.lanes.destroy(), this.current === this.lanes ? undefined : this.current.destroy()]);
  }
}
