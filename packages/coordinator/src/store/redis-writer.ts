import type { Timers } from "@rollcall/core";
import { leaseMs } from "@rollcall/core/election";
import {
  encodeHead,
  encodeHistory,
  encodeHistoryEvent,
  encodeMarks,
  encodeNewestHistory,
  encodeTopology,
  epochAheadMaxMs,
  epochBegunMs,
  type Head,
  type HistoryEntry,
  headEventAround,
  ordinalOf,
  type RedisKeys,
  releasedEvent,
  viewLimits,
} from "@rollcall/core/view";
import { checkPublication } from "./check-publication.js";
import type { RedisClient } from "./redis-clients.js";
import { RedisConnection } from "./redis-connection.js";
import { redisError } from "./redis-problem.js";
import { type FiveKeys, type Scripts, scriptsOf } from "./scripts.js";
import type { Lease, Publication, Renewal } from "./view-store.js";

interface Published {
  readonly head: Omit<Head, "atMs">;
  readonly topologyBytes: number;
  readonly marksBytes: number;
}

interface Held {
  readonly lease: Lease;
  /** What was certainly published under it. */
  readonly published?: Published;
  /** A publication has had no reply: the head in Redis is unknown until that one, or the next, has its reply. */
  readonly inDoubt: boolean;
  /** Of the history, as it was certainly written under it. */
  readonly historyBytes?: number;
}

/**
 * The leader's side of a view in Redis: every write is one script, which checks the lease itself.
 *
 * A lease is void on a new connection, because Redis may have failed over to a server that holds another or an old one.
 * There the lease has to be taken again first.
 */
export class RedisWriter {
  private readonly connection: RedisConnection;
  private readonly scripts: Scripts;
  private held: Held | undefined;

  constructor(
    client: RedisClient,
    private readonly keys: RedisKeys,
    timers: Timers,
    onConnected: () => void,
  ) {
    this.scripts = scriptsOf(client);
    this.connection = new RedisConnection(client, timers, {
      onReady: () => {
        this.held = undefined;
        onConnected();
      },
      // Each command reports it.
      onLost: () => {},
    });
  }

  async acquire(leader: string, floorEpoch: number): Promise<Lease | undefined> {
    const { lease, epoch } = this.keys;
    const floorMs = epochBegunMs(floorEpoch);
    const given = await this.connection.ask(() =>
      this.scripts.acquire([lease, epoch], leader, leaseMs, floorMs, ordinalOf(leader), epochAheadMaxMs),
    );
    // Whatever the reply, an earlier lease is void.
    this.held = undefined;
    if (given === null) return undefined;
    const next = { epoch: Number(given), leader };
    if (!Number.isSafeInteger(next.epoch)) throw redisError(new Error("a script gave no epoch"));
    this.held = { lease: next, inDoubt: false };
    return next;
  }

  async renew(lease: Lease, beat: number): Promise<Renewal> {
    const held = this.holding(lease);
    if (held === undefined) return "lost";
    const { published, inDoubt } = held;
    const head = published === undefined || inDoubt ? "" : encodeHead({ ...published.head, beat });
    const { before, after } = headEventAround(undefined);
    const { topologyBytes = 0, marksBytes = 0 } = published ?? {};
    const answer = await this.connection.ask(() =>
      this.scripts.renew(
        this.fiveKeys(),
        lease.leader,
        lease.epoch,
        leaseMs,
        head,
        this.keys.events,
        before,
        after,
        topologyBytes,
        marksBytes,
      ),
    );
    switch (answer) {
      case "kept":
      case "incomplete":
        return answer;
      case "lost":
        this.giveUp(lease);
        return answer;
      default:
        throw redisError(new Error("a script gave an unknown reply"));
    }
  }

  async publish(lease: Lease, publication: Publication): Promise<boolean> {
    const held = this.holding(lease);
    if (held === undefined) return false;
    checkPublication(lease, publication, held.published?.head);
    const topology = publication.topology === undefined ? undefined : encodeTopology(publication.topology);
    const marks = publication.marks === undefined ? undefined : encodeMarks(publication.marks);
    const published = {
      head: publication.head,
      topologyBytes: topology?.byteLength ?? held.published?.topologyBytes ?? 0,
      marksBytes: marks?.byteLength ?? held.published?.marksBytes ?? 0,
    };
    const answer = await this.sendPublication(lease, published, topology, marks);
    switch (answer) {
      case "published":
      case "same":
        if (this.holding(lease) !== undefined) this.held = { ...this.held, lease, published, inDoubt: false };
        return true;
      case "lost":
      case "older":
        this.giveUp(lease);
        return false;
      default:
        throw redisError(new Error("a script gave an unknown reply"));
    }
  }

  /** Sends what is new alone, and the whole where Redis may hold something else: a lost reply makes it so, too. */
  async addHistory(lease: Lease, entries: readonly HistoryEntry[], added: number): Promise<boolean> {
    const news = entries.slice(entries.length - added);
    const message = encodeHistoryEvent(news) ?? "";
    const before = this.holding(lease)?.historyBytes;
    if (before !== undefined) {
      const lines = encodeHistory(news);
      const bytes = before + lines.byteLength;
      const answer =
        bytes > viewLimits.historyMaxBytes ? "incomplete" : await this.record(lease, before, lines, message);
      if (answer !== "incomplete") return this.recorded(lease, answer, bytes);
    }
    const whole = encodeNewestHistory(entries);
    return this.recorded(lease, await this.record(lease, "", whole, message), whole.byteLength);
  }

  async release(lease: Lease): Promise<void> {
    this.giveUp(lease);
    const { lease: leaseKey, epoch, head, events } = this.keys;
    await this.connection.ask(() =>
      this.scripts.release([leaseKey, epoch, head], lease.leader, lease.epoch, events, releasedEvent),
    );
  }

  close(): Promise<void> {
    return this.connection.close();
  }

  private async sendPublication(
    lease: Lease,
    { head, topologyBytes, marksBytes }: Published,
    topology: Uint8Array | undefined,
    marks: Uint8Array | undefined,
  ): Promise<unknown> {
    const { before, after } = headEventAround(marks);
    // A renewal that is sent meanwhile must not restore the earlier head.
    const held = this.holding(lease);
    if (held !== undefined) this.held = { ...held, inDoubt: true };
    return await this.connection.ask(() =>
      this.scripts.publish(
        this.fiveKeys(),
        lease.leader,
        lease.epoch,
        head.topology.sequence,
        head.marks.sequence,
        encodeHead(head),
        this.keys.events,
        before,
        after,
        topology ?? "",
        marks ?? "",
        topologyBytes,
        marksBytes,
      ),
    );
  }

  private async record(lease: Lease, before: number | "", lines: Uint8Array, message: string): Promise<unknown> {
    const held = this.holding(lease);
    if (held === undefined) return "lost";
    const { historyBytes, ...others } = held;
    this.held = others;
    const { lease: leaseKey, epoch, history, events } = this.keys;
    return await this.connection.ask(() =>
      this.scripts.record([leaseKey, epoch, history], lease.leader, lease.epoch, before, lines, events, message),
    );
  }

  private recorded(lease: Lease, answer: unknown, historyBytes: number): boolean {
    if (answer !== "kept" && answer !== "lost") throw redisError(new Error("a script gave an unknown reply"));
    const held = this.holding(lease);
    if (answer === "lost") this.giveUp(lease);
    else if (held !== undefined) this.held = { ...held, historyBytes };
    return answer === "kept";
  }

  private holding({ epoch, leader }: Lease): Held | undefined {
    return this.held?.lease.epoch === epoch && this.held.lease.leader === leader ? this.held : undefined;
  }

  private giveUp(lease: Lease): void {
    if (this.holding(lease) !== undefined) this.held = undefined;
  }

  private fiveKeys(): FiveKeys {
    const { lease, epoch, head, topology, marks } = this.keys;
    return [lease, epoch, head, topology, marks];
  }
}
