import {
  Listeners,
  type LogEventName,
  type Logger,
  logEvent,
  type Random,
  ReducerRunner,
  type Timers,
  type Unsubscribe,
} from "@rollcall/core";
import {
  type Candidate,
  type CandidateEffect,
  type CandidateEvent,
  candidateReducer,
  mayPublish,
  newCandidate,
} from "@rollcall/core/election";
import { isCredibleEpoch } from "@rollcall/core/view";
import type { HistoryRecorder } from "./history-recorder.js";
import { inBackground } from "./in-background.js";
import type { Lease, ViewStore } from "./store/view-store.js";
import type { StoreProblems } from "./store-problems.js";
import type { Term, TermFindings, TermOwner } from "./term.js";

export interface LeadershipParts {
  readonly store: ViewStore;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  /** Unique among all processes that share the store. */
  readonly leader: string;
  /** Of the view; undefined if it is this process's own. */
  readonly viewName: string | undefined;
  readonly storeProblems: StoreProblems;
  readonly history: Pick<HistoryRecorder, "record">;
  /** Another process has been found to lead; once, until this one has led. */
  readonly anotherLeads: () => void;
  /** `from`: what this process has found in its last term, if that is to be continued. */
  readonly newTerm: (lease: Lease, owner: TermOwner, from: TermFindings | undefined) => Term;
}

/**
 * Carries out what the election's {@link Candidate} decides: requests and renews the lease, and begins and ends terms.
 *
 * Every request to the store is answered to the candidate, whether it succeeds or fails.
 */
export class Leadership implements TermOwner {
  private runner: ReducerRunner<Candidate, CandidateEvent, CandidateEffect> | undefined;
  private current: Term | undefined;
  /** Of the last term, until another begins. */
  private findings: TermFindings | undefined;
  /** What the store granted last; a term begins with it, or it is given back. */
  private granted: Lease | undefined;
  private readonly changes = new Listeners<boolean>();
  private readonly pending = new Set<Promise<void>>();
  private closed = false;

  constructor(private readonly parts: LeadershipParts) {}

  start(): void {
    const { timers, random, store } = this.parts;
    this.runner = new ReducerRunner(newCandidate(timers.nowMs(), store.isConnected), candidateReducer(random), {
      timers,
      carryOut: (effect) => this.carryOut(effect),
    });
    this.runner.send({ type: "tick" });
  }

  send(event: CandidateEvent): void {
    this.runner?.send(event);
  }

  /** The term of this process; undefined while it does not lead. */
  get term(): Term | undefined {
    return this.current;
  }

  /** Calls `listener` with true each time a term begins, and with false each time one ends. */
  onChange(listener: (isLeading: boolean) => void): Unsubscribe {
    return this.changes.add(listener);
  }

  /** Ends the term, and gives the lease back. Resolves once nothing is pending at the store. */
  async close(): Promise<void> {
    if (!this.closed) {
      this.closed = true;
      this.runner?.close();
      this.endTerm("it is closed", true);
    }
    await Promise.all(this.pending);
  }

  // TermOwner.

  mayPublish(): boolean {
    return this.runner !== undefined && mayPublish(this.runner.state, this.parts.timers.nowMs());
  }

  fenced({ epoch }: Lease): void {
    this.send({ type: "fenced", epoch });
  }

  reached(reached: boolean): void {
    this.send({ type: "reached", reached });
  }

  private carryOut(effect: CandidateEffect): void {
    const { current, granted } = this;
    switch (effect.type) {
      case "acquire":
        return this.run(() => this.acquire(effect.request, this.credibleFloor(effect.floorEpoch)));
      case "renew":
        if (current !== undefined) this.run(() => this.renew(current, effect.request));
        return;
      case "lead":
        if (granted !== undefined) this.beginTerm(granted, effect.continues);
        return;
      case "publishAll":
        return current?.publishAll();
      case "stepDown":
        return this.endTerm(effect.reason, effect.giveBack);
      case "giveBack":
        if (granted?.epoch === effect.epoch) this.run(() => this.release(granted));
        return;
      case "anotherLeads":
        this.parts.anotherLeads();
        return this.log("leader.other", {}, "another process leads");
    }
  }

  private async acquire(request: number, floorEpoch: number): Promise<void> {
    const { store, leader, storeProblems } = this.parts;
    let lease: Lease | undefined;
    try {
      lease = await store.acquire(leader, floorEpoch);
    } catch (error) {
      storeProblems.failed("lease", error, "the lease could not be requested");
      return this.send({ type: "failed", request });
    }
    storeProblems.answered("lease");
    if (lease !== undefined && this.closed) return this.release(lease);
    this.granted = lease;
    this.send(lease === undefined ? { type: "refused", request } : { type: "granted", request, epoch: lease.epoch });
  }

  /** The store's clock may have been set back since an epoch was seen. */
  private credibleFloor(floorEpoch: number): number {
    if (isCredibleEpoch(floorEpoch, this.parts.store.nowMs())) return floorEpoch;
    this.send({ type: "epochDisproved", epoch: floorEpoch });
    return 0;
  }

  private async renew(term: Term, request: number): Promise<void> {
    const { storeProblems, store } = this.parts;
    const { epoch } = term.lease;
    if (!isCredibleEpoch(epoch, store.nowMs())) return this.send({ type: "epochDisproved", epoch });
    try {
      const renewal = await term.renew();
      storeProblems.answered("lease");
      this.send({ type: "renewed", request, renewal });
    } catch (error) {
      storeProblems.failed("lease", error, "the lease could not be renewed");
      return this.send({ type: "failed", request });
    }
    // If the last view could not be read when the term began, the store may answer now.
    await term.begin();
  }

  /** If the store fails, the lease ends by itself. */
  private async release(lease: Lease): Promise<void> {
    await this.parts.store.release(lease).catch(() => {});
  }

  private beginTerm(lease: Lease, continues: boolean): void {
    const term = this.parts.newTerm(lease, this, continues ? this.findings : undefined);
    this.findings = undefined;
    this.current = term;
    this.note("leader.elected", { epoch: lease.epoch }, `leads the view ${this.parts.viewName} (epoch ${lease.epoch})`);
    this.changes.emit(true);
    this.run(() => term.begin());
  }

  private endTerm(reason: string, giveBack: boolean): void {
    const term = this.current;
    if (term === undefined) return;
    this.current = undefined;
    this.findings = term.findings();
    const { lease } = term;
    const text = `no longer leads the view ${this.parts.viewName}: ${reason}`;
    this.note("leader.ended", { epoch: lease.epoch, reason }, text);
    this.run(async () => {
      await term.end();
      if (giveBack) await this.release(lease);
    });
    this.changes.emit(false);
  }

  private run(work: () => Promise<void>): void {
    const pending = inBackground(work, this.parts.logger).finally(() => this.pending.delete(pending));
    this.pending.add(pending);
  }

  private note(event: LogEventName, fields: object, text: string): void {
    this.log(event, fields, text);
    if (this.parts.viewName !== undefined) this.parts.history.record({ event, text });
  }

  /** A view that is this process's own has no other leader, and says nothing about the one that processes share. */
  private log(event: LogEventName, fields: object, text: string): void {
    const { logger, viewName, leader } = this.parts;
    if (viewName !== undefined) logEvent(logger, event, { ...fields, leader }, text);
  }
}
