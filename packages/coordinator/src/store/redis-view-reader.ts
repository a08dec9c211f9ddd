import { type Clock, Listeners, type Random, type Timers, type Unsubscribe } from "@rollcall/core";
import {
  compareVersions,
  credibleOf,
  emptyPartialView,
  type Head,
  isCredibleEpoch,
  type Marks,
  missingFrom,
  type PartialView,
  type Version,
  type View,
  viewOf,
  withHead,
  withMarks,
  withTopology,
} from "@rollcall/core/view";
import type { ChannelKind } from "./channel-kind.js";
import { CoalescingRunner } from "./coalescing-runner.js";
import type { RedisConnection } from "./redis-connection.js";
import type { RedisDocuments } from "./redis-documents.js";
import { redisProblem } from "./redis-problem.js";
import type { RedisWarnings } from "./redis-warnings.js";

/** Readers fetch a new list of nodes spread over this time, those of a large fleet over the longer one. */
const spreadMs = 100;
const spreadOfManyMs = 1_000;
const manyReplicas = 50;
/** If documents do not belong to the head read with them, they are read again: so often, with this pause. */
const attemptsMax = 3;
const retryMs = 50;
const otherDigest = "it is not what the head names";

export interface RedisViewReaderParts {
  readonly documents: RedisDocuments;
  readonly connection: Pick<RedisConnection, "isReady">;
  readonly warnings: RedisWarnings;
  readonly timers: Timers;
  readonly random: Random;
  /** The store's clock. */
  readonly clock: Clock;
}

/**
 * Assembles the view from announced heads and fetched documents.
 *
 * Marks are fetched at once, because a node is down or back. The list of nodes is fetched after a random delay, because
 * all readers of the fleet fetch it. Nothing replaces a newer document; what cannot be used is skipped until
 * `retryRefused`.
 */
export class RedisViewReader {
  private partial: PartialView = emptyPartialView;
  /** The versions that could not be used. They are not fetched again until `retryRefused`. */
  private refused: { readonly topology?: Version; readonly marks?: Version } = {};
  private readonly views: Listeners<View>;
  private readonly fetchMarks = new CoalescingRunner(() => this.fetch(false));
  private readonly fetchTopology = new CoalescingRunner(() => this.fetch(true));
  private topologyIsDue = false;
  private cancelTopology = () => {};
  private closed = false;

  constructor(private readonly parts: RedisViewReaderParts) {
    this.views = new Listeners((error) => parts.warnings.listenerThrew(error));
  }

  onView(listener: (view: View) => void): Unsubscribe {
    return this.views.add(listener);
  }

  /** What the newest head names. */
  get channelKind(): ChannelKind {
    return this.partial.head?.sharded === true ? "sharded" : "classic";
  }

  /** @throws RollcallError `REDIS` */
  async read(): Promise<View | undefined> {
    await this.readDocuments(true);
    return viewOf(this.partial);
  }

  /** Reads the head, then whatever it names that is missing. @throws RollcallError `REDIS` */
  async poll(): Promise<void> {
    const head = await this.parts.documents.readHead();
    if (typeof head === "object") this.announced(head.value, undefined);
  }

  /** To be called on a new connection, where announcements may have been lost. */
  refresh(): void {
    if (this.partial.topology === undefined) this.fetchTopology.request();
    else this.fetchMarks.request();
  }

  /** Documents that could not be used are fetched once more. */
  retryRefused(): void {
    this.refused = {};
  }

  /** A head was published, perhaps with its marks. */
  announced(head: Head, marks: Marks | undefined): void {
    if (this.closed || !this.isPlausible(head)) return;
    const next = withHead(this.believed, head);
    this.update(marks !== undefined && isSame(marks.version, head.marks) ? withMarks(next, marks) : next);
    this.fetchMissing();
  }

  close(): void {
    this.closed = true;
    this.cancelTopology();
  }

  /** What is at hand, as far as the store's clock allows it now: that clock may have been set back. */
  private get believed(): PartialView {
    return credibleOf(this.partial, this.parts.clock.nowMs());
  }

  /** An epoch far in the future would shut out every later leader. */
  private isPlausible({ topology, marks }: Head): boolean {
    const { clock, warnings } = this.parts;
    if (isCredibleEpoch(Math.max(topology.epoch, marks.epoch), clock.nowMs())) {
      warnings.clear("head");
      return true;
    }
    warnings.refused("head", "its epoch is in the future");
    return false;
  }

  private update(next: PartialView): void {
    if (next === this.partial || this.closed) return;
    this.partial = next;
    const view = viewOf(next);
    if (view !== undefined) this.views.emit(view);
  }

  private fetchMissing(): void {
    const { head } = this.partial;
    if (head === undefined) return;
    const missing = missingFrom(this.partial);
    if (missing.marks && !isSame(this.refused.marks, head.marks)) this.fetchMarks.request();
    if (!missing.topology || isSame(this.refused.topology, head.topology) || this.topologyIsDue) return;
    this.topologyIsDue = true;
    const { timers, random } = this.parts;
    const delayMs = random() * (head.replicas >= manyReplicas ? spreadOfManyMs : spreadMs);
    this.cancelTopology = timers.after(delayMs, () => {
      this.topologyIsDue = false;
      this.fetchTopology.request();
    });
  }

  private async fetch(withTopology: boolean): Promise<void> {
    const { connection, warnings } = this.parts;
    if (!connection.isReady) return;
    try {
      await this.readDocuments(withTopology);
      warnings.readable();
      if (!withTopology) this.fetchMissing();
    } catch (error) {
      if (connection.isReady) warnings.unreadable(redisProblem(error));
    }
  }

  private async readDocuments(withTopology: boolean): Promise<void> {
    const { timers, random } = this.parts;
    for (let attempt = 1; attempt <= attemptsMax; attempt++) {
      const isTorn = await this.readOnce(withTopology, attempt === attemptsMax);
      if (!isTorn || this.closed) return;
      await new Promise<void>((resolve) => timers.after(retryMs * (1 + random()), resolve));
    }
  }

  /** Whether a document that was read does not belong to the head: a publication came between. */
  private async readOnce(wantsTopology: boolean, isLast: boolean): Promise<boolean> {
    const read = await this.parts.documents.read(wantsTopology);
    if (typeof read.head !== "object" || !this.isPlausible(read.head.value)) return false;
    const head = read.head.value;
    const missing = missingFrom(withHead(this.believed, head));
    const marks = missing.marks ? await read.marks(head.digests?.marks) : "absent";
    const topology = missing.topology && wantsTopology ? await read.topology(head.digests?.topology) : "absent";
    if (isLast && marks === "other") this.parts.warnings.refused("marks", otherDigest);
    if (isLast && topology === "other") this.parts.warnings.refused("topology", otherDigest);
    if (marks === "refused") this.refused = { ...this.refused, marks: head.marks };
    if (topology === "refused") this.refused = { ...this.refused, topology: head.topology };

    // To what is at hand by now: heads were announced while the documents were decoded.
    let next = withHead(this.believed, head);
    if (typeof marks === "object" && isSame(marks.value.version, head.marks)) next = withMarks(next, marks.value);
    if (typeof topology === "object" && isSame(topology.value.version, head.topology))
      next = withTopology(next, topology.value);
    this.update(next);

    const remaining = missingFrom(next);
    return (
      (remaining.marks && !isSame(this.refused.marks, head.marks)) ||
      (wantsTopology && remaining.topology && !isSame(this.refused.topology, head.topology))
    );
  }
}

function isSame(one: Version | undefined, other: Version): boolean {
  return one !== undefined && compareVersions(one, other) === 0;
}
