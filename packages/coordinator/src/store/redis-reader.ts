import type { Logger, Random, Timers } from "@rollcall/core";
import {
  type Assembly,
  compareVersions,
  type Decoded,
  type Digest,
  decodeEvent,
  decodeHead,
  decodeMarks,
  decodeReport,
  decodeTopology,
  emptyAssembly,
  encodeDigest,
  encodeReport,
  epochAheadMaxMs,
  epochBegunMs,
  type Head,
  type Marks,
  missingFrom,
  type RedisKeys,
  rollCallEvent,
  type Version,
  type View,
  viewLimits,
  viewOf,
  withHead,
  withMarks,
  withTopology,
} from "@rollcall/core/view";
import { Notices } from "../notices.js";
import { Listeners } from "./listeners.js";
import { OneAtATime } from "./one-at-a-time.js";
import { Rate } from "./rate.js";
import type { RedisClient } from "./redis-clients.js";
import { RedisConnection } from "./redis-connection.js";
import { redisProblem } from "./redis-problem.js";
import type { FailureReport, Unsubscribe } from "./view-store.js";

/** How often the server is asked whether it is there: a frozen one is not noticed otherwise. */
const pingMs = 2_000;
/** How often the head is read although none was announced, stretched or shortened by up to `pollJitter` of itself. */
const pollMs = 30_000;
const pollJitter = 0.2;
/** The readers of a fleet fetch a new list of nodes spread over this time; those of a large one over the longer. */
const spreadMs = 100;
const spreadOfManyMs = 1_000;
const manyReplicas = 50;
/** How often documents are read again that do not belong to the head read with them, and how long before that at most. */
const tries = 3;
const againMs = 50;
/** What one process may send in a second; beyond it, nothing is sent. */
const reportsPerSecond = 20;
const digestsPerSecond = 5;
const rollCallsPerSecond = 5;
/** By how much our idea of the store's clock may be wrong. */
const clockSlackMs = 60_000;

/** What was read of one key; "strange" where it holds no text at all. */
type Read = Uint8Array | "strange";

/**
 * The readers' side of a view in Redis: one connection that listens and reads.
 *
 * It subscribes first and reads then, on every new connection, so that nothing falls between. What it hears is only
 * ever taken if it is newer; what cannot be used is told once, and the last view stays.
 */
export class RedisReader {
  private readonly connection: RedisConnection;
  private readonly notices: Notices;
  private readonly views = new Listeners<View>();
  private readonly reports = new Listeners<FailureReport>();
  private readonly digests = new Listeners<Digest>();
  private readonly rollCalls = new Listeners<void>();
  private readonly releases = new Listeners<void>();
  private readonly reportRate: Rate;
  private readonly digestRate: Rate;
  private readonly rollCallRate: Rate;

  private assembly: Assembly = emptyAssembly;
  /** Documents that could not be used; they are not fetched again before the next poll. */
  private refused: { readonly topology?: Version; readonly marks?: Version } = {};
  private readonly fetchMarks = new OneAtATime(() => this.refresh(false));
  private readonly fetchTopology = new OneAtATime(() => this.refresh(true));
  private topologyIsDue = false;
  private cancelTopology = () => {};
  private cancelPing = () => {};
  private cancelPoll = () => {};
  private unanswered = 0;
  private isAway = false;
  /** From our own clock to the store's. */
  private offsetMs: number | undefined;
  private closed = false;

  constructor(
    private readonly client: RedisClient,
    private readonly keys: RedisKeys,
    private readonly timers: Timers,
    private readonly random: Random,
    private readonly logger: Logger,
  ) {
    this.notices = new Notices(logger);
    this.reportRate = new Rate(reportsPerSecond, timers);
    this.digestRate = new Rate(digestsPerSecond, timers);
    this.rollCallRate = new Rate(rollCallsPerSecond, timers);
    this.connection = new RedisConnection(client, timers, {
      onReady: () => this.begin(),
      onLost: (problem) => this.lost(problem),
    });
    client.on("messageBuffer", (channel: Buffer, message: Buffer) => this.hear(channel.toString(), message));
    this.pingLater();
    this.pollLater();
  }

  get isConnected(): boolean {
    return this.connection.isReady && this.unanswered === 0;
  }

  nowMs(): number {
    return this.offsetMs === undefined ? Date.now() : this.timers.nowMs() + this.offsetMs;
  }

  /** @throws RollcallError `REDIS` */
  async read(): Promise<View | undefined> {
    await this.readDocuments(true);
    return viewOf(this.assembly);
  }

  onView(listener: (view: View) => void): Unsubscribe {
    return this.views.add(listener);
  }

  onRollCall(listener: () => void): Unsubscribe {
    return this.rollCalls.add(listener);
  }

  onReleased(listener: () => void): Unsubscribe {
    return this.releases.add(listener);
  }

  onReport(listener: (report: FailureReport) => void): Unsubscribe {
    return this.listenToReports(this.reports.add(listener));
  }

  onDigest(listener: (digest: Digest) => void): Unsubscribe {
    return this.listenToReports(this.digests.add(listener));
  }

  report(report: FailureReport): void {
    if (this.reportRate.take()) this.say(this.keys.reports, encodeReport(report));
  }

  digest(digest: Digest): void {
    if (this.digestRate.take()) this.say(this.keys.reports, encodeDigest(digest));
  }

  callRoll(): void {
    if (this.rollCallRate.take()) this.say(this.keys.events, rollCallEvent);
  }

  async close(): Promise<void> {
    this.closed = true;
    this.cancelPing();
    this.cancelPoll();
    this.cancelTopology();
    await this.connection.close();
  }

  // The connection.

  private begin(): void {
    this.refused = {};
    this.notices.clear("events");
    this.notices.clear("reports");
    const channels = this.wantsReports ? [this.keys.events, this.keys.reports] : [this.keys.events];
    this.subscribe(channels);
    void this.learnTime();
    if (this.assembly.topology === undefined) this.fetchTopology.request();
    else this.fetchMarks.request();
    this.answered();
  }

  private subscribe(channels: readonly string[]): void {
    this.connection
      .ask(() => this.client.subscribe(...channels))
      .then(
        () => this.notices.clear("subscribe"),
        (error: unknown) => {
          const problem = redisProblem(error);
          // One that is gone is told of elsewhere, and is subscribed anew when it is back.
          if (!this.connection.isReady) return;
          this.warn("subscribe", problem, `news of the view cannot be heard from Redis, only read: ${problem}`);
        },
      );
  }

  private get wantsReports(): boolean {
    return this.reports.size + this.digests.size > 0;
  }

  /** Only leaders have use for reports: to everybody else they are not sent. */
  private listenToReports(stop: Unsubscribe): Unsubscribe {
    if (this.reports.size + this.digests.size === 1 && this.connection.isReady) this.subscribe([this.keys.reports]);
    return () => {
      const wanted = this.wantsReports;
      stop();
      if (wanted && !this.wantsReports) this.connection.tell(() => this.client.unsubscribe(this.keys.reports));
    };
  }

  private say(channel: string, message: string): void {
    this.connection.tell(() => this.client.publish(channel, message));
  }

  private lost(problem: string): void {
    this.unanswered++;
    if (this.isAway || this.closed) return;
    this.isAway = true;
    this.logger.warn({ problem }, `Redis cannot be used: ${problem}; the last view stays in use`);
  }

  private answered(): void {
    this.unanswered = 0;
    if (!this.isAway) return;
    this.isAway = false;
    this.logger.info({}, "Redis is back");
  }

  private pingLater(): void {
    this.cancelPing = this.timers.after(pingMs, () => void this.ping());
  }

  private async ping(): Promise<void> {
    this.pingLater();
    if (!this.connection.isReady) return;
    try {
      // In a Redis Cluster the messages come over a connection that we cannot ask, to a node that we do not know. There
      // the head itself is read instead.
      if (this.client.isCluster) await this.readHead();
      else await this.connection.ask(() => this.client.ping());
      this.answered();
    } catch (error) {
      this.unanswered++;
      if (this.unanswered > 1) this.lost(redisProblem(error));
    }
  }

  private pollLater(): void {
    const waitMs = pollMs * (1 + pollJitter * (2 * this.random() - 1));
    this.cancelPoll = this.timers.after(waitMs, () => {
      this.pollLater();
      if (!this.connection.isReady) return;
      this.refused = {};
      void this.learnTime();
      this.readHead().catch(() => {});
    });
  }

  private async learnTime(): Promise<void> {
    const sentMs = this.timers.nowMs();
    try {
      const [seconds, microseconds] = await this.connection.ask(() => this.client.time());
      const receivedMs = this.timers.nowMs();
      const storeMs = Number(seconds) * 1_000 + Number(microseconds) / 1_000;
      if (Number.isFinite(storeMs)) this.offsetMs = storeMs - (sentMs + receivedMs) / 2;
    } catch {
      // Learnt on the next connection, or by the next poll.
    }
  }

  // What is said on the channels.

  private hear(channel: string, message: Uint8Array): void {
    if (this.closed) return;
    if (channel === this.keys.events) this.hearEvent(message);
    else if (channel === this.keys.reports) this.hearReport(message);
  }

  private hearEvent(message: Uint8Array): void {
    const event = this.usable("events", decodeEvent(message));
    switch (event?.kind) {
      case "head":
        return this.hearHead(event.head, event.marks);
      case "released":
        return this.releases.tell();
      case "rollCall":
        return this.rollCalls.tell();
    }
  }

  private hearReport(message: Uint8Array): void {
    const heard = this.usable("reports", decodeReport(message));
    if (heard?.kind === "digest") this.digests.tell(heard.digest);
    if (heard?.kind === "report") {
      const { node, reason, replica } = heard;
      this.reports.tell({ node, reason, replica });
    }
  }

  private hearHead(head: Head, marks: Marks | undefined): void {
    if (!this.isPlausible(head)) return;
    const next = withHead(this.assembly, head);
    this.show(marks !== undefined && isSame(marks.version, head.marks) ? withMarks(next, marks) : next);
    this.fetchMissing();
  }

  /** An epoch from far ahead would shut out every leader to come. */
  private isPlausible({ topology, marks }: Head): boolean {
    const begunMs = epochBegunMs(Math.max(topology.epoch, marks.epoch));
    if (begunMs <= this.nowMs() + epochAheadMaxMs + clockSlackMs) {
      this.notices.clear("head");
      return true;
    }
    this.refuse("head", "its epoch is from the future");
    return false;
  }

  // What is read.

  private show(next: Assembly): void {
    if (next === this.assembly || this.closed) return;
    this.assembly = next;
    const view = viewOf(next);
    if (view !== undefined) this.views.tell(view);
  }

  /** Marks at once, for somebody is down or back. A list of nodes after a random while: the whole fleet wants it. */
  private fetchMissing(): void {
    const { head } = this.assembly;
    if (head === undefined) return;
    const missing = missingFrom(this.assembly);
    if (missing.marks && !isSame(this.refused.marks, head.marks)) this.fetchMarks.request();
    if (!missing.topology || isSame(this.refused.topology, head.topology) || this.topologyIsDue) return;
    this.topologyIsDue = true;
    const spread = head.replicas >= manyReplicas ? spreadOfManyMs : spreadMs;
    this.cancelTopology = this.timers.after(this.random() * spread, () => {
      this.topologyIsDue = false;
      this.fetchTopology.request();
    });
  }

  private async refresh(withTopology: boolean): Promise<void> {
    if (!this.connection.isReady) return;
    try {
      await this.readDocuments(withTopology);
      this.notices.clear("read");
      if (!withTopology) this.fetchMissing();
    } catch (error) {
      const problem = redisProblem(error);
      if (this.connection.isReady) this.warn("read", problem, `the view cannot be read from Redis: ${problem}`);
    }
  }

  private async readHead(): Promise<void> {
    const bytes = await this.connection.ask(() => this.get(this.keys.head, viewLimits.headMaxBytes));
    const head = this.document("head", bytes, decodeHead);
    if (head !== undefined) this.hearHead(head, undefined);
  }

  /** Reads the head with its marks and, where wanted, its list of nodes; again where one of them does not belong to it. */
  private async readDocuments(wantsTopology: boolean): Promise<void> {
    for (let attempt = 1; attempt <= tries; attempt++) {
      const { head: headKey, marks: marksKey, topology: topologyKey } = this.keys;
      const { headMaxBytes, documentMaxBytes } = viewLimits;
      const [headBytes, marksBytes, topologyBytes] = await this.connection.ask(() =>
        Promise.all([
          this.get(headKey, headMaxBytes),
          this.get(marksKey, documentMaxBytes),
          wantsTopology ? this.get(topologyKey, documentMaxBytes) : undefined,
        ]),
      );
      const head = this.document("head", headBytes, decodeHead);
      if (head === undefined || !this.isPlausible(head)) return;
      let next = withHead(this.assembly, head);

      const missing = missingFrom(next);
      const marks = missing.marks ? this.document("marks", marksBytes, decodeMarks, head) : undefined;
      if (marks !== undefined && isSame(marks.version, head.marks)) next = withMarks(next, marks);
      const topology =
        missing.topology && topologyBytes !== undefined
          ? this.document("topology", topologyBytes, decodeTopology, head)
          : undefined;
      if (topology !== undefined && isSame(topology.version, head.topology)) next = withTopology(next, topology);
      this.show(next);

      const left = missingFrom(next);
      const { refused } = this;
      const isTorn =
        (left.marks && !isSame(refused.marks, head.marks)) ||
        (wantsTopology && left.topology && !isSame(refused.topology, head.topology));
      if (!isTorn || this.closed) return;
      await new Promise<void>((resolve) => this.timers.after(againMs * (1 + this.random()), resolve));
    }
  }

  /** No more of a key than a document may have, and a byte by which a longer one is known. */
  private async get(key: string, maxBytes: number): Promise<Read> {
    try {
      return await this.client.getrangeBuffer(key, 0, maxBytes);
    } catch (error) {
      if (error instanceof Error && error.message.startsWith("WRONGTYPE")) return "strange";
      throw error;
    }
  }

  /** What a key holds; undefined where it holds nothing, or nothing that can be used. */
  private document<Value>(
    what: "head" | "marks" | "topology",
    bytes: Read,
    decode: (bytes: Uint8Array) => Decoded<Value>,
    head?: Head,
  ): Value | undefined {
    if (bytes !== "strange" && bytes.byteLength === 0) return undefined;
    const read = bytes === "strange" ? { problem: "is no string" } : decode(bytes);
    if ("value" in read) {
      if (what !== "head") this.notices.clear(what);
      return read.value;
    }
    if (head !== undefined && what !== "head") this.refused = { ...this.refused, [what]: head[what] };
    this.refuse(what, read.problem);
    return undefined;
  }

  private usable<Value>(what: "events" | "reports", read: Decoded<Value>): Value | undefined {
    if ("value" in read) return read.value;
    this.refuse(what, read.problem);
    return undefined;
  }

  private refuse(what: "head" | "marks" | "topology" | "events" | "reports", problem: string): void {
    this.warn(
      what,
      problem,
      `what Redis holds for ${this.keys[what]} is not used: ${problem}; the last view stays in use`,
    );
  }

  private warn(topic: string, problem: string, message: string): void {
    if (!this.closed) this.notices.warn(topic, { problem }, message);
  }
}

function isSame(one: Version | undefined, other: Version): boolean {
  return one !== undefined && compareVersions(one, other) === 0;
}
