import { HighPercentile } from "../selection/high-percentile.js";
import { AnswerTimes } from "./answer-times.js";
import { DueList } from "./due-list.js";
import type { HedgedRead, RacingAttempt } from "./hedged-read.js";

/** More templates than the engines have paths: an application that makes a key of each request reaches it. */
const templatesMax = 256;
/** The template of all further ones. */
const otherTemplate = "other";
/** While a template has too few answers, a hedge waits for so many times what nearly all answers need, or so long. */
const unknownFactor = 1.5;
const unknownDelayMs = 250;

/** The Reads of one template that wait for their hedge, and how long its answers take. */
export interface HedgeTemplate<Attempt extends RacingAttempt> {
  readonly name: string;
  readonly times: AnswerTimes;
  readonly waiting: DueList<HedgedRead<Attempt>>;
}

/** The kinds of Reads that are told apart, by name, and the delay of each. */
export class TemplateTimes<Attempt extends RacingAttempt> {
  private readonly templates = new Map<string, HedgeTemplate<Attempt>>();
  private readonly all = new HighPercentile();

  of(name: string): HedgeTemplate<Attempt> {
    return this.templates.get(name) ?? this.added(name);
  }

  get known(): Iterable<HedgeTemplate<Attempt>> {
    return this.templates.values();
  }

  delayMs({ times }: HedgeTemplate<Attempt>): number {
    return times.delayMs() ?? Math.max(unknownDelayMs, unknownFactor * (this.all.valueMs() ?? 0));
  }

  answered(times: AnswerTimes, tookMs: number, nowMs: number): void {
    times.add(tookMs, nowMs);
    this.all.add(tookMs);
  }

  private added(name: string): HedgeTemplate<Attempt> {
    const isFull = this.templates.size >= templatesMax;
    const known = isFull ? this.templates.get(otherTemplate) : undefined;
    if (known !== undefined) return known;
    const template = {
      name: isFull ? otherTemplate : name,
      times: new AnswerTimes(),
      waiting: new DueList<HedgedRead<Attempt>>(),
    };
    this.templates.set(template.name, template);
    return template;
  }
}
