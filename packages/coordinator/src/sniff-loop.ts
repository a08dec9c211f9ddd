import { type Logger, type Random, type Timers, withDeadline } from "@rollcall/core";
import { type ClusterConfig, fixed } from "@rollcall/core/config";
import { ListMemory, type ParsedSniff } from "@rollcall/core/sniff";
import type { NodeRecord } from "@rollcall/core/view";
import type { ClusterAccess } from "./cluster/access.js";
import type { ControlClient } from "./cluster/control-client.js";
import { type DnsList, listByDns } from "./cluster/dns-list.js";
import { askSystem, type Lookup } from "./cluster/name-cache.js";
import { type Sniff, sniff, sniffContext } from "./cluster/sniff.js";
import { inBackground } from "./in-background.js";
import {
  afterSniff,
  beginSniff,
  firstSniff,
  hastenSniff,
  type SniffResult,
  type SniffTimes,
} from "./sniff-schedule.js";

/** What the loop needs of the monitor that owns it. */
export interface SniffOwner {
  /** The nodes to ask, one after the other, until one gives a list. */
  nodesToSniff(): readonly NodeRecord[];
  readonly pinnedUuid: string | undefined;
  probeTimeoutMs(node: NodeRecord): number;
  /** Uses an answer, and says whether the next node should be asked. */
  takeSniff(node: NodeRecord, sniff: Sniff): SniffResult | "ask another";
  /** Uses a lookup of the configured names, where they are the source. */
  takeLookup(list: DnsList): SniffResult;
  /** No address that was asked serves a list. Returns whether that is believed: then it is seldom asked for again. */
  listUnserved(): boolean;
  /** The local configuration lets no node be asked. */
  noNodeToAsk(): void;
  /** A list was read before, and a node is well: an overloaded cluster need not be asked again soon. */
  readonly isFound: boolean;
}

export interface SniffLoopParts {
  readonly config: ClusterConfig;
  readonly access: ClusterAccess;
  readonly controlClient: ControlClient;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  /** Default: the resolver of the system. */
  readonly lookUp?: Lookup;
  /** Present: sniffs keep this pace whatever changes; absent: that of `discovery`, and sooner after changes. */
  readonly pace?: SniffTimes;
}

/** How long a sniff waits for the names of the configured nodes: a name server that hangs must not stop discovery. */
const namesWithinMs = 1_000;

/**
 * Sniffs when the schedule says so, one sniff at a time; with `source: "dns"` it looks the configured names up instead.
 * Does nothing with `discovery: false`.
 */
export class SniffLoop {
  private readonly memory = new ListMemory<ParsedSniff>();
  private schedule = firstSniff(0);
  private sniffing = false;
  private closed = false;
  private cancelTimer = () => {};

  constructor(
    private readonly parts: SniffLoopParts,
    private readonly owner: SniffOwner,
  ) {}

  /** The first sniff is sent after `delayMs`; with 0, at once. */
  start(delayMs: number): void {
    const { timers } = this.parts;
    this.schedule = firstSniff(timers.nowMs() + delayMs);
    if (delayMs === 0) this.run();
    else this.wakeWhenDue();
  }

  /** Something happened that a sniff may show. */
  hasten(): void {
    this.schedule = hastenSniff(this.schedule, this.parts.timers.nowMs());
    this.wakeWhenDue();
  }

  /** Sends nothing more. A request in flight ends by its own deadline, or when the control client is closed. */
  close(): void {
    this.closed = true;
    this.cancelTimer();
  }

  private run(): void {
    this.cancelTimer();
    if (this.closed || this.sniffing || this.parts.config.discovery === false) return;
    void inBackground(() => this.sniffOnce(), this.parts.logger);
  }

  private async sniffOnce(): Promise<void> {
    const { timers, random, pace, config } = this.parts;
    if (config.discovery === false) return;
    const times = pace ?? { intervalMs: config.discovery.intervalMs, jitter: fixed.discoveryJitter };
    this.sniffing = true;
    this.schedule = beginSniff(this.schedule);
    let result: SniffResult = "searching";
    try {
      result = await this.round();
    } finally {
      this.sniffing = false;
      const paced = result === "changed" && pace !== undefined ? "same" : result;
      this.schedule = afterSniff(this.schedule, paced, timers.nowMs(), times, random);
      this.wakeWhenDue();
    }
  }

  private async round(): Promise<SniffResult> {
    const { config, access, controlClient, timers } = this.parts;
    if (config.discovery !== false && config.discovery.source === "dns") return this.lookUp();
    await withDeadline(access.resolveSeeds(), namesWithinMs, timers, () => {});
    const endpoints = this.owner.nodesToSniff().flatMap((node) => {
      const reach = access.reach(node);
      return reach.kind === "endpoint" ? [{ node, endpoint: reach.endpoint }] : [];
    });
    if (endpoints.length === 0) {
      if (!this.closed) this.owner.noNodeToAsk();
      return "searching";
    }
    let isDenied = false;
    let unserved = 0;
    for (const { node, endpoint } of endpoints) {
      if (this.closed) break;
      const answer = await sniff(controlClient, endpoint, {
        pinnedUuid: this.owner.pinnedUuid,
        probeTimeoutMs: this.owner.probeTimeoutMs(node),
        sniffTimeoutMs: fixed.sniffTimeoutMs,
        context: sniffContext(config, endpoint),
        memory: this.memory,
      });
      if (this.closed) break;
      isDenied ||= answer.probe.outcome === "denied";
      if (hasNoList(answer)) unserved++;
      const result = this.owner.takeSniff(node, answer);
      if (result !== "ask another") return result;
    }
    if (unserved === endpoints.length && this.owner.listUnserved()) return "unserved";
    // After a 401 or 403, wait for the regular interval: repeated failures can lock the account.
    return isDenied || this.owner.isFound ? "same" : "searching";
  }

  private async lookUp(): Promise<SniffResult> {
    const { config, access, timers, lookUp = askSystem } = this.parts;
    const list = await listByDns(config.seeds, lookUp, timers);
    if (this.closed) return "same";
    access.noteAddresses(list.addresses);
    return this.owner.takeLookup(list);
  }

  private wakeWhenDue(): void {
    this.cancelTimer();
    if (this.closed || this.sniffing || this.parts.config.discovery === false) return;
    const { timers } = this.parts;
    this.cancelTimer = timers.after(this.schedule.dueMs - timers.nowMs(), () => this.run());
  }
}

function hasNoList({ probe, parsed }: Sniff): boolean {
  if (probe.unserved) return true;
  return parsed?.ok === false && (parsed.kind === "unserved" || parsed.kind === "empty");
}
