import type { Clock, Random } from "@rollcall/core";
import {
  type ChannelName,
  type Decoded,
  decodeHistory,
  decodeMessage,
  encodeHead,
  encodeHistory,
  encodeMessage,
  encodeNewestHistory,
  type Head,
  type HistoryEntry,
  isCredibleEpoch,
  isInAge,
  opened,
  openHead,
  openHeadEvent,
  type ReceivedMessages,
  type RefusedHead,
  type SealedBy,
  type SealedHead,
  SealedOrder,
  type SealKind,
  type SentMessages,
  sealed,
  sealFaults,
  sealKeys,
  sealMaxAgeMs,
  sealMaxBytes,
  viewLimits,
} from "@rollcall/core/view";
import { LateHeads } from "./late-heads.js";
import type { RedisClock } from "./redis-clock.js";
import type { RedisWarnings } from "./redis-warnings.js";
import type { SecretAgreement } from "./secret-agreement.js";
import type { ViewCodec } from "./view-codec.js";
import type { ViewSecrets } from "./view-secrets.js";

export interface SealedCodecParts {
  /** Of the view. */
  readonly name: string;
  readonly secrets: ViewSecrets;
  /** The store's clock: the times of seals are on it. */
  readonly clock: RedisClock;
  readonly monotonic: Clock;
  readonly random: Random;
  readonly agreement: SecretAgreement;
  readonly warnings: RedisWarnings;
}

/** The largest message of all, sealed. No more than this is ever verified. */
const messageMaxBytes = viewLimits.reportMaxBytes + sealMaxBytes;
/** A sealed message is refused for its age before its sender is forgotten, however the two clocks differ. */
const senderForgottenAfterMs = 3 * sealMaxAgeMs.message;
/** What a leader alone sends. */
const ofLeader: readonly ChannelName[] = ["events", "operationResults"];

/**
 * For a view with a secret. It seals with the first, and reads nothing that none of them has sealed, that is older than it
 * may be, or that was received before.
 *
 *   head     verified, then believed while it is young; the first that a process finds may be a day old
 *   message  verified, young, each once; a leader's also not from an older epoch than that of the last head
 *   history  verified line by line, of whatever age: it is what people read of the past
 *
 * Before Redis has said its time, nothing is sealed and nothing is believed.
 */
export class SealedCodec implements ViewCodec {
  private keys;
  private readonly sender: string;
  private sequence = 0;
  /** Of the last lease of this process. */
  private ledEpoch = 0;
  /** Of the last head. */
  private newestEpoch = 0;
  private hasHead = false;
  private readonly lateHeads: LateHeads;
  private readonly orders = new Map<ChannelName, SealedOrder>();

  constructor(private readonly parts: SealedCodecParts) {
    const { name, secrets, random, agreement, monotonic, warnings } = parts;
    this.lateHeads = new LateHeads(monotonic, warnings);
    this.sender = Math.floor(random() * 2 ** 52).toString(36);
    this.keys = sealKeys(name, secrets.current);
    secrets.onChange(() => {
      this.keys = sealKeys(name, secrets.current);
      agreement.forget();
    });
  }

  encode<Name extends ChannelName>(channel: Name, message: SentMessages[Name]): string | undefined {
    const text = encodeMessage(channel, message);
    if (text === undefined || !this.parts.clock.isKnown) return undefined;
    return this.seal(text, channel, this.ledEpoch, ++this.sequence);
  }

  decode<Name extends ChannelName>(channel: Name, bytes: Uint8Array): Decoded<ReceivedMessages[Name]> | undefined {
    if (bytes.byteLength > messageMaxBytes) return { problem: `is larger than ${messageMaxBytes} bytes` };
    const event = channel === "events" ? openHeadEvent(bytes, this.keys) : undefined;
    if (event !== undefined) {
      const believed = this.believed(event, true);
      if (believed === undefined || "problem" in believed) return believed;
      const { marks } = believed.value;
      // The one kind of message that has no seal of its own.
      const received: ReceivedMessages["events"] = {
        kind: "head",
        head: believed.value.head,
        ...(marks === undefined ? {} : { marks }),
      };
      return { value: received } as Decoded<ReceivedMessages[Name]>;
    }
    const read = opened(bytes, channel, this.keys);
    if (read.kind === "refused") return { problem: sealFaults[read.fault] };
    return this.isCurrent(channel, read.by) ? decodeMessage(channel, read.body) : undefined;
  }

  encodeHead(head: Omit<Head, "atMs">): string {
    return this.seal(encodeHead(head), "head", head.marks.epoch, head.beat);
  }

  encodeReleasedHead(head: Omit<Head, "atMs">): string {
    const text = this.encodeHead({ ...head, released: true });
    return `${text.slice(0, -1)},"atMs":${this.nowMs}}`;
  }

  decodeHead(bytes: Uint8Array): Decoded<Head> | undefined {
    const believed = this.believed(openHead(bytes, this.keys), false);
    return believed === undefined || "problem" in believed ? believed : { value: believed.value.head };
  }

  encodeHistory(entries: readonly HistoryEntry[]): Uint8Array {
    return encodeHistory(entries, this.sealLine);
  }

  encodeNewestHistory(entries: readonly HistoryEntry[]): Uint8Array {
    return encodeNewestHistory(entries, this.sealLine);
  }

  decodeHistory(bytes: Uint8Array): Decoded<readonly HistoryEntry[]> {
    return decodeHistory(bytes, (line) => {
      const read = opened(line, "history", this.keys);
      return read.kind === "opened" ? read.body : undefined;
    });
  }

  leads(epoch: number): void {
    this.ledEpoch = epoch;
  }

  get mayLead(): boolean {
    return this.parts.agreement.mayLead;
  }

  private readonly sealLine = (line: string) => this.seal(line, "history", this.ledEpoch, ++this.sequence);

  private seal(text: string, kind: SealKind, epoch: number, sequence: number): string {
    return sealed(text, { sender: this.sender, epoch, sequence, atMs: this.nowMs }, kind, this.keys);
  }

  private get nowMs(): number {
    return Math.round(this.parts.clock.nowMs());
  }

  private believed<Read extends SealedHead>(read: Read | RefusedHead, isNews: boolean): Decoded<Read> | undefined {
    const { agreement, clock } = this.parts;
    if ("problem" in read) {
      if (!read.isForeign) return read;
      agreement.differs(read.problem, isNews);
      return undefined;
    }
    const maxAgeMs = this.hasHead ? sealMaxAgeMs.message : sealMaxAgeMs.firstHead;
    if (!clock.isKnown) return undefined;
    const { atMs } = read.by;
    const { nowMs } = this;
    if (isInAge(atMs, nowMs, sealMaxAgeMs.message)) this.lateHeads.inTime();
    else this.lateHeads.late(atMs, nowMs - atMs);
    if (!isInAge(atMs, nowMs, maxAgeMs)) return undefined;
    this.hasHead = true;
    this.newestEpoch = Math.max(this.credibleEpoch, read.head.marks.epoch);
    agreement.follows();
    return { value: read };
  }

  private isCurrent(channel: ChannelName, by: SealedBy): boolean {
    const { clock, monotonic } = this.parts;
    if (!clock.isKnown || !isInAge(by.atMs, this.nowMs, sealMaxAgeMs.message)) return false;
    if (ofLeader.includes(channel) && by.epoch < this.credibleEpoch) return false;
    const order = this.orders.get(channel) ?? new SealedOrder(senderForgottenAfterMs);
    this.orders.set(channel, order);
    return order.isNew(by, monotonic.nowMs());
  }

  /** The store's clock may have been set back since. */
  private get credibleEpoch(): number {
    return isCredibleEpoch(this.newestEpoch, this.nowMs) ? this.newestEpoch : 0;
  }
}
