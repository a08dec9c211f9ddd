import type { Clock } from "@rollcall/core";
import {
  decodeReport,
  encodeHeartbeat,
  encodePeerProbeRequest,
  encodePeerProbeResult,
  encodeReport,
  type Heartbeat,
  type RedisKeys,
  statusRequestEvent,
} from "@rollcall/core/view";
import { Listeners } from "./listeners.js";
import { RateLimiter } from "./rate-limiter.js";
import type { FailureReport, PeerProbeRequest, PeerProbeResult, Unsubscribe } from "./view-store.js";

/** What one process may send in a second; beyond it, nothing is sent. */
const reportsPerSecond = 20;
const asksPerSecond = 10;
const answersPerSecond = 10;
const digestsPerSecond = 5;
const rollCallsPerSecond = 5;

/** How hints leave and how they are subscribed; each does nothing while Redis is away. */
export interface MessageChannel {
  readonly say: (channel: string, message: string) => void;
  readonly listen: (channel: string) => void;
  readonly stopListening: (channel: string) => void;
}

/** What processes tell each other beside the view: reports, digests, roll calls, what witnesses say. A hint may be lost. */
export class RedisMessages {
  private readonly reports = new Listeners<FailureReport>();
  private readonly answers = new Listeners<PeerProbeResult>();
  private readonly digests = new Listeners<Heartbeat>();
  private readonly reportRate: RateLimiter;
  private readonly askRate: RateLimiter;
  private readonly answerRate: RateLimiter;
  private readonly digestRate: RateLimiter;
  private readonly rollCallRate: RateLimiter;

  constructor(
    private readonly keys: RedisKeys,
    private readonly line: MessageChannel,
    clock: Clock,
  ) {
    this.reportRate = new RateLimiter(reportsPerSecond, clock);
    this.askRate = new RateLimiter(asksPerSecond, clock);
    this.answerRate = new RateLimiter(answersPerSecond, clock);
    this.digestRate = new RateLimiter(digestsPerSecond, clock);
    this.rollCallRate = new RateLimiter(rollCallsPerSecond, clock);
  }

  /** Only leaders have use for these: to a process where nobody listens they are not sent. */
  get isWanted(): boolean {
    return this.reports.size + this.answers.size + this.digests.size > 0;
  }

  report(report: FailureReport): void {
    if (this.reportRate.tryTake()) this.line.say(this.keys.reports, encodeReport(report));
  }

  requestPeerProbes(ask: PeerProbeRequest): void {
    if (this.askRate.tryTake()) this.line.say(this.keys.events, encodePeerProbeRequest(ask));
  }

  sendPeerProbeResult(answer: PeerProbeResult): void {
    if (this.answerRate.tryTake()) this.line.say(this.keys.reports, encodePeerProbeResult(answer));
  }

  heartbeat(digest: Heartbeat): void {
    if (this.digestRate.tryTake()) this.line.say(this.keys.reports, encodeHeartbeat(digest));
  }

  requestStatus(): void {
    if (this.rollCallRate.tryTake()) this.line.say(this.keys.events, statusRequestEvent);
  }

  onReport(listener: (report: FailureReport) => void): Unsubscribe {
    return this.add(() => this.reports.add(listener));
  }

  onPeerProbeResult(listener: (answer: PeerProbeResult) => void): Unsubscribe {
    return this.add(() => this.answers.add(listener));
  }

  onHeartbeat(listener: (digest: Heartbeat) => void): Unsubscribe {
    return this.add(() => this.digests.add(listener));
  }

  /** Takes a message of the reports' channel; gives back why it could not be used. */
  hear(message: Uint8Array): string | undefined {
    const heard = decodeReport(message);
    if ("problem" in heard) return heard.problem;
    if (heard.value.kind === "heartbeat") this.digests.tell(heard.value.heartbeat);
    if (heard.value.kind === "peerProbeResult") {
      const { kind, ...answer } = heard.value;
      this.answers.tell(answer);
    }
    if (heard.value.kind === "report") {
      const { kind, ...report } = heard.value;
      this.reports.tell(report);
    }
    return undefined;
  }

  private add(listen: () => Unsubscribe): Unsubscribe {
    const wasWanted = this.isWanted;
    const stop = listen();
    if (!wasWanted) this.line.listen(this.keys.reports);
    return () => {
      const stillWanted = this.isWanted;
      stop();
      if (stillWanted && !this.isWanted) this.line.stopListening(this.keys.reports);
    };
  }
}
