import type { Logger, Random, Timers } from "@rollcall/core";
import {
  compareVersions,
  type Decoded,
  decodeEvent,
  decodeHead,
  decodeMarks,
  decodeTopology,
  emptyPartialView,
  epochAheadMaxMs,
  epochBegunMs,
  type Head,
  type Marks,
  missingFrom,
  type PartialView,
  type RedisKeys,
  type Version,
  type View,
  viewLimits,
  viewOf,
  withHead,
  withMarks,
  withTopology,
} from "@rollcall/core/view";
import { WarnOnce } from "../warn-once.js";
import { CoalescingRunner } from "./coalescing-runner.js";
import { Listeners } from "./listeners.js";
import type { RedisClient } from "./redis-clients.js";
import { RedisClock } from "./redis-clock.js";
import { RedisConnection } from "./redis-connection.js";
import { RedisHealthCheck } from "./redis-health-check.js";
import { RedisMessages } from "./redis-messages.js";
import { redisProblem } from "./redis-problem.js";
import type { PeerProbeRequest, Unsubscribe } from "./view-store.js";

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
  /** Reports, digests, roll calls, and what witnesses say. */
  readonly hints: RedisMessages;
  private readonly connection: RedisConnection;
  private readonly watch: RedisHealthCheck;
  private readonly clock: RedisClock;
  private readonly notices: WarnOnce;
  private readonly views = new Listeners<View>();
  private readonly asks = new Listeners<PeerProbeRequest>();
  private readonly rollCalls = new Listeners<void>();
  private readonly releases = new Listeners<void>();

  private assembly: PartialView = emptyPartialView;
  /** Documents that could not be used; they are not fetched again before the next poll. */
  private refused: { readonly topology?: Version; readonly marks?: Version } = {};
  private readonly fetchMarks = new CoalescingRunner(() => this.refresh(false));
  private readonly fetchTopology = new CoalescingRunner(() => this.refresh(true));
  private topologyIsDue = false;
  private cancelTopology = () => {};
  private cancelPoll = () => {};
  private closed = false;

  constructor(
    private readonly client: RedisClient,
    private readonly keys: RedisKeys,
    private readonly timers: Timers,
    private readonly random: Random,
    logger: Logger,
  ) {
    this.notices = new WarnOnce(logger);
    this.clock = new RedisClock(timers);
    this.watch = new RedisHealthCheck(
      () => (this.connection.isReady ? this.askSomething() : undefined),
      timers,
      logger,
    );
    this.hints = new RedisMessages(
      keys,
      {
        say: (channel, message) => this.connection.tell(() => client.publish(channel, message)),
        listen: (channel) => {
          if (this.connection.isReady) this.subscribe([channel]);
        },
        stopListening: (channel) => this.connection.tell(() => client.unsubscribe(channel)),
      },
      timers,
    );
    this.connection = new RedisConnection(client, timers, {
      onReady: () => this.begin(),
      onLost: (problem) => this.watch.lost(problem),
    });
    client.on("messageBuffer", (channel: Buffer, message: Buffer) => this.hear(channel.toString(), message));
    this.pollLater();
  }

  get isConnected(): boolean {
    return this.connection.isReady && this.watch.isAnswering;
  }

  nowMs(): number {
    return this.clock.nowMs();
  }

  /** @throws RollcallError `REDIS` */
  async read(): Promise<View | undefined> {
    await this.readDocuments(true);
    return viewOf(this.assembly);
  }

  onView(listener: (view: View) => void): Unsubscribe {
    return this.views.add(listener);
  }

  onWitnessAsk(listener: (ask: PeerProbeRequest) => void): Unsubscribe {
    return this.asks.add(listener);
  }

  onRollCall(listener: () => void): Unsubscribe {
    return this.rollCalls.add(listener);
  }

  onReleased(listener: () => void): Unsubscribe {
    return this.releases.add(listener);
  }

  async close(): Promise<void> {
    this.closed = true;
    this.watch.close();
    this.cancelPoll();
    this.cancelTopology();
    await this.connection.close();
  }

  // The connection.

  private begin(): void {
    this.refused = {};
    this.notices.clear("events");
    this.notices.clear("reports");
    const channels = this.hints.isWanted ? [this.keys.events, this.keys.reports] : [this.keys.events];
    this.subscribe(channels);
    this.learnTime();
    if (this.assembly.topology === undefined) this.fetchTopology.request();
    else this.fetchMarks.request();
    this.watch.answered();
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

  /**
   * In a Redis Cluster the messages come over a connection that we cannot ask, to a node that we do not know. There the
   * head itself is read instead.
   */
  private async askSomething(): Promise<void> {
    if (this.client.isCluster) await this.readHead();
    else await this.connection.ask(() => this.client.ping());
  }

  private pollLater(): void {
    const waitMs = pollMs * (1 + pollJitter * (2 * this.random() - 1));
    this.cancelPoll = this.timers.after(waitMs, () => {
      this.pollLater();
      if (!this.connection.isReady) return;
      this.refused = {};
      this.learnTime();
      this.readHead().catch(() => {});
    });
  }

  private learnTime(): void {
    void this.clock.learn(() => this.connection.ask(() => this.client.time()));
  }

  // What is said on the channels.

  private hear(channel: string, message: Uint8Array): void {
    if (this.closed) return;
    if (channel === this.keys.events) this.hearEvent(message);
    if (channel !== this.keys.reports) return;
    const problem = this.hints.hear(message);
    if (problem !== undefined) this.refuse("reports", problem);
  }

  private hearEvent(message: Uint8Array): void {
    const heard = decodeEvent(message);
    if ("problem" in heard) return this.refuse("events", heard.problem);
    const event = heard.value;
    switch (event.kind) {
      case "head":
        return this.hearHead(event.head, event.marks);
      case "released":
        return this.releases.tell();
      case "statusRequest":
        return this.rollCalls.tell();
      case "peerProbeRequest": {
        const { id, node, replicas } = event;
        return this.asks.tell({ id, node, replicas });
      }
      case "unknown":
        return;
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

  private show(next: PartialView): void {
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
