import type { Timers } from "@rollcall/core";
import { leaseMs } from "@rollcall/core/election";
import {
  epochAheadMaxMs,
  epochBegunMs,
  type HistoryEntry,
  headEventAround,
  ordinalOf,
  type RedisKeys,
  viewLimits,
} from "@rollcall/core/view";
import type { ChannelKind } from "./channel-kind.js";
import { checkPublication } from "./check-publication.js";
import { encodedMarks, encodedTopology } from "./encode-documents.js";
import { foreignVersions } from "./foreign-versions.js";
import type { RedisClient } from "./redis-clients.js";
import type { RedisClock } from "./redis-clock.js";
import { RedisConnection } from "./redis-connection.js";
import { dataIdOf } from "./redis-data-id.js";
import { redisError } from "./redis-problem.js";
import { timeBeside } from "./redis-time.js";
import { otherReply } from "./resp-frames.js";
import { type FiveKeys, type Scripts, scriptsOf } from "./scripts.js";
import type { ViewCodec } from "./view-codec.js";
import type { Lease, Publication, Renewal, SeenVersions } from "./view-store.js";
import { nothingWritten, type Published, writtenAs } from "./written-documents.js";

export interface RedisWriterParts {
  readonly keys: RedisKeys;
  /** The store's clock. */
  readonly clock: RedisClock;
  readonly codec: ViewCodec;
  readonly timers: Timers;
  /** The kind of channel for the messages of a leader that has had its lease since this time. */
  readonly channelKindFor: (leadsSinceMs: number) => ChannelKind;
  /** `leasesStand`: it is a connection to the same server, whose data are no others since. */
  readonly onConnected: (leasesStand: boolean) => void;
}

interface Held {
  readonly lease: Lease;
  readonly sinceMs: number;
  /** The newest that was sent, whether or not there was a reply. */
  readonly sent?: SeenVersions;
  /** What was certainly published under it. */
  readonly published?: Published;
  /** A publication is under way: a renewal that is sent meanwhile must not restore the earlier head. */
  readonly isPublishing: boolean;
  /** Of the history, as it was certainly written under it. */
  readonly historyBytes?: number;
}

/**
 * The leader's side of a view in Redis: every write is one script, which checks the lease itself.
 *
 * A lease is void on a new connection unless that is certainly to the same data: Redis may have failed over to a server
 * that holds another lease, or an old one. There the lease has to be taken again first.
 */
export class RedisWriter {
  private readonly keys: RedisKeys;
  private readonly connection: RedisConnection;
  private readonly scripts: Scripts;
  private held: Held | undefined;
  /** Of the last connection. */
  private dataId: string | undefined;

  constructor(
    private readonly client: RedisClient,
    private readonly parts: RedisWriterParts,
  ) {
    this.keys = parts.keys;
    this.scripts = scriptsOf(client);
    this.connection = new RedisConnection(client, parts.timers, {
      onReady: () => {
        const dataId = dataIdOf(client);
        const leasesStand = dataId !== undefined && dataId === this.dataId;
        this.dataId = dataId;
        if (!leasesStand) this.held = undefined;
        parts.onConnected(leasesStand);
      },
      // Each command reports it.
      onLost: () => {},
    });
  }

  async acquire(leader: string, floorEpoch: number): Promise<Lease | undefined> {
    const { clock, codec } = this.parts;
    // What is sealed has the time of Redis.
    if (!clock.isKnown) await clock.adjust(() => this.connection.ask(() => timeBeside(this.client, this.keys.head)));
    if (!codec.mayLead) return undefined;
    const { lease, epoch } = this.keys;
    const floorMs = epochBegunMs(floorEpoch);
    const given = await this.connection.ask(() =>
      this.scripts.acquire([lease, epoch], leader, leaseMs, floorMs, ordinalOf(leader), epochAheadMaxMs),
    );
    // Whatever the reply, an earlier lease is void.
    this.held = undefined;
    if (given === null) return undefined;
    const next = { epoch: Number(given), leader };
    if (!Number.isSafeInteger(next.epoch)) throw redisError(otherReply());
    this.held = { lease: next, sinceMs: this.parts.timers.nowMs(), isPublishing: false };
    codec.leads(next.epoch);
    return next;
  }

  async renew(lease: Lease, beat: number): Promise<Renewal> {
    const held = this.holding(lease);
    if (held === undefined) return "lost";
    const { published, isPublishing } = held;
    // After a publication that failed, this is the head from before it: see `sendPublication`.
    const { codec } = this.parts;
    const kind = this.kindOf(held);
    const head =
      published === undefined || isPublishing ? "" : codec.encodeHead(headOn(kind, { ...published.head, beat }));
    const { before, after } = headEventAround(undefined);
    const { topology = nothingWritten, marks = nothingWritten } = published ?? {};
    if (held.sent !== undefined) this.held = { ...held, sent: { ...held.sent, beat } };
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
        topology.bytes,
        marks.bytes,
        topology.sha1,
        marks.sha1,
        kind,
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
        throw redisError(otherReply());
    }
  }

  async publish(lease: Lease, publication: Publication): Promise<boolean> {
    const held = this.holding(lease);
    if (held === undefined) return false;
    checkPublication(lease, publication, held.published?.head);
    const topology = publication.topology && (await encodedTopology(publication.topology));
    const marks = publication.marks && (await encodedMarks(publication.marks));
    const written = {
      topology: topology === undefined ? (held.published?.topology ?? nothingWritten) : writtenAs(topology),
      marks: marks === undefined ? (held.published?.marks ?? nothingWritten) : writtenAs(marks),
    };
    const digests = { topology: written.topology.digest, marks: written.marks.digest };
    const published = { ...written, head: { ...publication.head, digests } };
    const answer = await this.sendPublication(lease, published, topology, marks);
    switch (answer) {
      case "published":
      case "same": {
        const still = this.holding(lease);
        if (still !== undefined) this.held = { ...still, published };
        return true;
      }
      case "lost":
      case "older":
        this.giveUp(lease);
        return false;
      default:
        throw redisError(otherReply());
    }
  }

  /** Sends what is new alone, and the whole where Redis may hold something else: a lost reply makes it so, too. */
  async addHistory(lease: Lease, entries: readonly HistoryEntry[], added: number): Promise<boolean> {
    const news = entries.slice(entries.length - added);
    const { codec } = this.parts;
    const message = codec.encode("events", { kind: "history", entries: news }) ?? "";
    const before = this.holding(lease)?.historyBytes;
    if (before !== undefined) {
      const lines = codec.encodeHistory(news);
      const bytes = before + lines.byteLength;
      const answer =
        bytes > viewLimits.historyMaxBytes ? "incomplete" : await this.record(lease, before, lines, message);
      if (answer !== "incomplete") return this.recorded(lease, answer, bytes);
    }
    const whole = codec.encodeNewestHistory(entries);
    return this.recorded(lease, await this.record(lease, "", whole, message), whole.byteLength);
  }

  foreignTo(lease: Lease, seen: SeenVersions): string | undefined {
    const held = this.holding(lease);
    return held === undefined ? undefined : foreignVersions(lease, held.sent, seen);
  }

  async release(lease: Lease): Promise<void> {
    const { codec } = this.parts;
    const held = this.holding(lease);
    const { published, sent } = held ?? {};
    const kind = this.kindOf(held);
    this.giveUp(lease);
    const { lease: leaseKey, epoch, head, events } = this.keys;
    const message = codec.encode("events", { kind: "released" }) ?? "";
    const beat = sent?.beat ?? published?.head.beat ?? 0;
    const last = published === undefined ? "" : codec.encodeReleasedHead(headOn(kind, { ...published.head, beat }));
    await this.connection.ask(() =>
      this.scripts.release([leaseKey, epoch, head], lease.leader, lease.epoch, events, message, last, kind),
    );
  }

  close(): Promise<void> {
    return this.connection.close();
  }

  /**
   * A publication that fails may have been refused, as by a Redis that is full, or carried out without a reply. The next
   * renewal reads which: its script beats with the earlier head only where the documents are those that belong to it,
   * and has both published again where they are others.
   */
  private async sendPublication(
    lease: Lease,
    { head, topology: topologyWritten, marks: marksWritten }: Published,
    topology: Uint8Array | undefined,
    marks: Uint8Array | undefined,
  ): Promise<unknown> {
    const { before, after } = headEventAround(marks);
    const held = this.holding(lease);
    const kind = this.kindOf(held);
    if (held !== undefined) this.held = { ...held, isPublishing: true, sent: head };
    try {
      return await this.connection.ask(() =>
        this.scripts.publish(
          this.fiveKeys(),
          lease.leader,
          lease.epoch,
          head.topology.sequence,
          head.marks.sequence,
          this.parts.codec.encodeHead(headOn(kind, head)),
          this.keys.events,
          before,
          after,
          topology ?? "",
          marks ?? "",
          topologyWritten.bytes,
          marksWritten.bytes,
          kind,
        ),
      );
    } finally {
      const still = this.holding(lease);
      if (still !== undefined) this.held = { ...still, isPublishing: false };
    }
  }

  private async record(lease: Lease, before: number | "", lines: Uint8Array, message: string): Promise<unknown> {
    const held = this.holding(lease);
    if (held === undefined) return "lost";
    const { historyBytes, ...others } = held;
    this.held = others;
    const { lease: leaseKey, epoch, history, events } = this.keys;
    const kind = this.kindOf(held);
    return await this.connection.ask(() =>
      this.scripts.record([leaseKey, epoch, history], lease.leader, lease.epoch, before, lines, events, message, kind),
    );
  }

  private recorded(lease: Lease, answer: unknown, historyBytes: number): boolean {
    if (answer !== "kept" && answer !== "lost") throw redisError(otherReply());
    const held = this.holding(lease);
    if (answer === "lost") this.giveUp(lease);
    else if (held !== undefined) this.held = { ...held, historyBytes };
    return answer === "kept";
  }

  private holding({ epoch, leader }: Lease): Held | undefined {
    return this.held?.lease.epoch === epoch && this.held.lease.leader === leader ? this.held : undefined;
  }

  private kindOf(held: Held | undefined): ChannelKind {
    return held === undefined ? "classic" : this.parts.channelKindFor(held.sinceMs);
  }

  private giveUp(lease: Lease): void {
    if (this.holding(lease) !== undefined) this.held = undefined;
  }

  private fiveKeys(): FiveKeys {
    const { lease, epoch, head, topology, marks } = this.keys;
    return [lease, epoch, head, topology, marks];
  }
}

function headOn(kind: ChannelKind, head: Published["head"]): Published["head"] {
  return kind === "sharded" ? { ...head, sharded: true } : head;
}
