import type { Clock } from "@rollcall/core";
import {
  type Digest,
  decodeReport,
  encodeAsk,
  encodeDigest,
  encodeReport,
  encodeWitness,
  type RedisKeys,
  rollCallEvent,
} from "@rollcall/core/view";
import { Listeners } from "./listeners.js";
import { Rate } from "./rate.js";
import type { FailureReport, Unsubscribe, WitnessAnswer, WitnessAsk } from "./view-store.js";

/** What one process may send in a second; beyond it, nothing is sent. */
const reportsPerSecond = 20;
const asksPerSecond = 10;
const answersPerSecond = 10;
const digestsPerSecond = 5;
const rollCallsPerSecond = 5;

/** How hints leave and how they are subscribed; each does nothing while Redis is away. */
export interface HintLine {
  readonly say: (channel: string, message: string) => void;
  readonly listen: (channel: string) => void;
  readonly stopListening: (channel: string) => void;
}

/** What processes tell each other beside the view: reports, digests, roll calls, what witnesses say. A hint may be lost. */
export class RedisHints {
  private readonly reports = new Listeners<FailureReport>();
  private readonly answers = new Listeners<WitnessAnswer>();
  private readonly digests = new Listeners<Digest>();
  private readonly reportRate: Rate;
  private readonly askRate: Rate;
  private readonly answerRate: Rate;
  private readonly digestRate: Rate;
  private readonly rollCallRate: Rate;

  constructor(
    private readonly keys: RedisKeys,
    private readonly line: HintLine,
    clock: Clock,
  ) {
    this.reportRate = new Rate(reportsPerSecond, clock);
    this.askRate = new Rate(asksPerSecond, clock);
    this.answerRate = new Rate(answersPerSecond, clock);
    this.digestRate = new Rate(digestsPerSecond, clock);
    this.rollCallRate = new Rate(rollCallsPerSecond, clock);
  }

  /** Only leaders have use for these: to a process where nobody listens they are not sent. */
  get isWanted(): boolean {
    return this.reports.size + this.answers.size + this.digests.size > 0;
  }

  report(report: FailureReport): void {
    if (this.reportRate.take()) this.line.say(this.keys.reports, encodeReport(report));
  }

  askWitnesses(ask: WitnessAsk): void {
    if (this.askRate.take()) this.line.say(this.keys.events, encodeAsk(ask));
  }

  witness(answer: WitnessAnswer): void {
    if (this.answerRate.take()) this.line.say(this.keys.reports, encodeWitness(answer));
  }

  digest(digest: Digest): void {
    if (this.digestRate.take()) this.line.say(this.keys.reports, encodeDigest(digest));
  }

  callRoll(): void {
    if (this.rollCallRate.take()) this.line.say(this.keys.events, rollCallEvent);
  }

  onReport(listener: (report: FailureReport) => void): Unsubscribe {
    return this.add(() => this.reports.add(listener));
  }

  onWitness(listener: (answer: WitnessAnswer) => void): Unsubscribe {
    return this.add(() => this.answers.add(listener));
  }

  onDigest(listener: (digest: Digest) => void): Unsubscribe {
    return this.add(() => this.digests.add(listener));
  }

  /** Takes a message of the reports' channel; gives back why it could not be used. */
  hear(message: Uint8Array): string | undefined {
    const heard = decodeReport(message);
    if ("problem" in heard) return heard.problem;
    if (heard.value.kind === "digest") this.digests.tell(heard.value.digest);
    if (heard.value.kind === "witness") {
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
