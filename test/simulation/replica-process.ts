import { ClusterAccess } from "@rollcall/coordinator";
import { lateMs } from "@rollcall/core";
import { fixed } from "@rollcall/core/config";
import { beatMs } from "@rollcall/core/health";
import { pick } from "@rollcall/core/selection";
import { addressOf, nodeKey, type View } from "@rollcall/core/view";
import type { LocalHealth } from "#worker/cluster-state/local-health";
import { NodeWatch } from "#worker/cluster-state/node-watch";
import type { ProbeResult } from "#worker/cluster-state/probe-once";
import { probeOnce } from "#worker/cluster-state/probe-once";
import type { ViewKeeper } from "#worker/cluster-state/view-keeper";
import { ViewSource } from "#worker/cluster-state/view-source";
import { createTable } from "#worker/table/layout";
import { LoopLagMonitor } from "#worker/table/loop-lag-monitor";
import type { TableReader } from "#worker/table/reader";
import { TableTraffic } from "#worker/table/traffic";
import { TableWriter } from "#worker/table/writer";
import { openStore, type Surroundings } from "./environment.js";
import { SimControlClient } from "./sim-control-client.js";
import type { SimProcess } from "./sim-process.js";

/** How often a process's requests are simulated. */
const trafficEveryMs = 100;
/** Requests that wait for one node at once; the others find a better one. */
const hangingMax = 8;
/** A packet that nobody acknowledges is sent again after this time, doubling; so often, until the request's own time is up. */
const resentMs = 200;
const resentMax = 6;
const slots = 256;

interface Target {
  readonly address: string;
  readonly generation: number;
}

/**
 * A process with a pool: follows the view, sends requests, keeps away from nodes that fail it, reports them, bears witness,
 * and perhaps leads. Requests to nodes that answer are not simulated one by one, for nothing comes of them.
 */
export class ReplicaProcess {
  readonly keeper: ViewKeeper;
  private readonly view: ViewSource;
  private readonly localHealth: LocalHealth;
  private readonly nodeWatch: NodeWatch;
  private readonly reader: TableReader;
  private targets: ReadonlyMap<number, Target> = new Map();
  /** When the requests began that wait on a node, by slot; the oldest first. */
  private readonly hanging = new Map<number, readonly number[]>();
  /** Answers by slot, as far as anybody asks for them; and whose next answer is to be counted. */
  private readonly answers = new Map<number, number>();
  private readonly owing = new Set<number>();
  private answered = 0;
  /** All rows, as long as none has changed. */
  private standings: ReturnType<ViewKeeper["all"]> | undefined;
  private lastShared: View | undefined;

  constructor(
    readonly process: SimProcess,
    private readonly around: Surroundings,
    /** To each node, in a second. */
    private readonly requestsPerSecond: number,
    readonly mayLead: boolean,
  ) {
    const { name } = process;
    const { story, seams, invariants, cluster } = around;
    const { random } = process;
    const config = { ...around.config, coordinator: mayLead ? "candidate" : "external" } as const;
    const logger = story.loggerOf(name);
    const controlClient = seams.leaderControlClient(
      new SimControlClient(process, cluster, invariants.askWatch),
      process,
    );
    const access = new ClusterAccess(config, process, logger);
    const layout = { slots, threads: 1 };
    const words = createTable(layout);
    this.reader = seams.reader({ words, layout, thread: 0, inFlightMax: 64, nowMs: () => process.nowMs() });
    this.keeper = seams.keeper({
      seeds: config.seeds.map(({ host, port }) => ({ id: "", host, port })),
      slotsMax: slots,
      access,
      writer: new TableWriter(words),
      logger,
      storeAheadMs: () => this.view.nowMs() - process.nowMs(),
      deliver: (targets) => {
        const list = targets.map(
          ({ slot, generation, endpoint: { address } }) => [slot, { address, generation }] as const,
        );
        this.apply(new Map(list));
      },
      moved: () => {
        this.standings = undefined;
      },
      isAnswering: (slot, generation) => this.nodeWatch.isAnswering(slot, generation),
      onNode: ({ address, from, to, reason }) => {
        if (from !== "ejected" && to !== "ejected") return;
        story.tell(name, `${address} ${from} -> ${to}${reason === undefined ? "" : `: ${reason}`}`);
      },
    });
    const look = (slot: number, timeoutMs?: number): Promise<ProbeResult> => {
      const row = this.keeper.rowAt(slot);
      if (row === undefined) return Promise.resolve({ kind: "void", reason: "the node is gone" });
      return probeOnce(controlClient, access, row.node, this.keeper.current?.topology.clusterUuid, timeoutMs);
    };
    this.nodeWatch = new NodeWatch({
      ...{ words, timers: process, random, look },
      traffic: new TableTraffic(words, layout),
      silent: (slot, generation, reason) => {
        this.localHealth.tell(slot, generation, { type: "silent", reason: `silent: ${reason}` });
      },
      move: () => {},
    });
    this.localHealth = seams.localHealth({
      timers: process,
      random,
      changed: (slot) => this.keeper.refreshSlot(slot),
      report: (slot, reason, probe) => {
        const row = this.keeper.rowAt(slot);
        if (row === undefined) return;
        const node = nodeKey(row.node);
        story.tell(name, `reports ${node}: ${reason}${probe === undefined ? "" : ", and so says its own probe"}`);
        this.view.report(node, reason, probe);
      },
      look,
    });
    this.view = new ViewSource({
      ...{ config, access, controlClient, timers: process, random, logger, replica: name },
      openStore: () => {
        const opened = openStore(process, around, mayLead);
        const store = mayLead ? seams.leaderStore(invariants.watchLeaderStore(opened, process), process) : opened;
        return seams.replicaStore(store, process);
      },
      follow: (view, trust, line) => {
        this.keeper.apply(view, trust, line);
        if (line !== "shared") return;
        invariants.applied(name, this.lastShared, this.keeper.current);
        this.lastShared = this.keeper.current;
      },
      avoided: () => this.keeper.avoided(),
      contradicts: () => this.keeper.contradicts(),
      threads: () => [],
      answered: () => this.answered,
      look: (key) => {
        const found = this.keeper.all().find(({ row }) => nodeKey(row.node) === key);
        if (found === undefined) return undefined;
        invariants.witnessLooks(name, addressOf(found.row.node));
        return look(found.row.slot);
      },
    });
    this.keeper.start(this.localHealth);
    access.onChange(() => this.keeper.rebuild());
    void access.start();
    this.view.start();
    const loopWatch = new LoopLagMonitor(this.reader, () => process.nowMs());
    const beat = () => {
      process.after(beatMs, beat);
      loopWatch.beat();
      this.keeper.reconsider();
      this.nodeWatch.tick();
    };
    beat();
    if (requestsPerSecond > 0) process.after(random() * trafficEveryMs, () => this.traffic());
    process.onDeath(() => {
      this.nodeWatch.close();
      this.localHealth.close();
      void this.view.close();
      void controlClient.close();
    });
  }

  get isLeading(): boolean {
    return this.process.state !== "dead" && this.view.isLeading;
  }

  /** Whether the view it goes by is kept by somebody. */
  get isFresh(): boolean {
    return this.view.freshness === "fresh";
  }

  /** Whether it has a reason to look at a node that its view marks down: it hears it, or waits for it. */
  looksAtDown(address: string): boolean {
    const slot = [...this.targets].find(([, target]) => target.address === address)?.[0];
    return (
      (slot !== undefined && this.hanging.has(slot)) ||
      this.keeper.contradicts().some((key) => key.endsWith(`@${address}`))
    );
  }

  private apply(targets: ReadonlyMap<number, Target>): void {
    const before = this.targets;
    this.targets = targets;
    for (const [slot, { generation }] of targets) {
      if (before.get(slot)?.generation !== generation) this.reader.forget(slot);
    }
    for (const slot of before.keys()) {
      if (!targets.has(slot) && !this.hanging.has(slot)) this.process.after(0, () => this.release(slot));
    }
  }

  private release(slot: number): void {
    if (!this.targets.has(slot) && !this.hanging.has(slot)) this.keeper.released(slot);
  }

  // Requests.

  private traffic(): void {
    const { process, reader, around } = this;
    process.after(trafficEveryMs, () => this.traffic());
    reader.refresh();
    const picked = pick(reader, [], process.nowMs(), process.random);
    this.standings ??= this.keeper.all();
    around.invariants.picked(process.name, this.standings, picked);
    if (picked.type === "node") this.send(picked.slot);

    const troubled = new Set([...around.cluster.failing(), ...around.network.troublesOf(process.name)]);
    const probability = 1 - Math.exp((-this.requestsPerSecond * trafficEveryMs) / 1_000);
    for (const slot of reader.roster.eligible) {
      if (process.random() >= probability) continue;
      const target = this.targets.get(slot);
      if (target === undefined) continue;
      if (troubled.has(target.address)) this.send(slot);
      else this.hear(slot);
    }
  }

  /** A request was answered. */
  private hear(slot: number): void {
    this.answered++;
    if (this.owing.delete(slot)) this.answers.set(slot, (this.answers.get(slot) ?? 0) + 1);
    this.reader.noteHeard(slot, this.process.nowMs());
  }

  private send(slot: number): void {
    const { process, reader, around } = this;
    const target = this.targets.get(slot);
    if (target === undefined) return;
    const startedAtMs = process.nowMs();
    switch (around.cluster.requestNow(process, target.address)) {
      case "answered":
        return this.hear(slot);
      case "refused":
        reader.noteRefusal(slot);
        process.after(1, () => this.fail(slot, target, startedAtMs, "connection refused"));
        return;
      case "silent": {
        const hanging = this.hanging.get(slot) ?? [];
        if (hanging.length >= hangingMax) return;
        reader.enter(slot);
        this.wait(slot, [...hanging, startedAtMs]);
        if (process.random() < 0.5) this.connect(slot, target, startedAtMs);
        else this.hang(slot, target, startedAtMs, around.cluster.at(target.address)?.id, 0);
      }
    }
  }

  /** A connection is to be opened first. */
  private connect(slot: number, target: Target, startedAtMs: number): void {
    const { process, around } = this;
    const dueMs = startedAtMs + fixed.connectTimeoutMs;
    process.after(fixed.connectTimeoutMs, () => {
      this.ended(slot, startedAtMs);
      const isLate = process.nowMs() - dueMs > lateMs;
      const connects = around.cluster.requestNow(process, target.address) === "answered";
      if (!isLate && !connects) this.fail(slot, target, startedAtMs, "connect timeout");
    });
  }

  /**
   * It was sent on a connection that was open. It is sent again, ever more seldom, until somebody hears it: whoever does not
   * know of the connection resets it.
   */
  private hang(slot: number, target: Target, startedAtMs: number, id: string | undefined, times: number): void {
    const { process, around } = this;
    process.after(resentMs * 2 ** times, () => {
      const outcome = around.cluster.requestNow(process, target.address);
      const isOther = around.cluster.at(target.address)?.id !== id;
      if (outcome === "silent" && times < resentMax) return this.hang(slot, target, startedAtMs, id, times + 1);
      this.ended(slot, startedAtMs);
      if (outcome === "refused" || (outcome === "answered" && isOther)) {
        this.fail(slot, target, startedAtMs, "connection reset");
      }
    });
  }

  private ended(slot: number, startedAtMs: number): void {
    this.reader.leave(slot);
    const left = [...(this.hanging.get(slot) ?? [])];
    left.splice(left.indexOf(startedAtMs), 1);
    this.wait(slot, left);
    if (left.length === 0) this.release(slot);
  }

  private wait(slot: number, since: readonly number[]): void {
    if (since.length > 0) this.hanging.set(slot, since);
    else this.hanging.delete(slot);
    this.reader.showWaiting(slot, since.at(0), since.at(-1));
  }

  private fail(slot: number, { generation }: Target, startedAtMs: number, reason: string): void {
    this.owing.add(slot);
    this.nodeWatch.failed(slot, generation);
    const answered = this.answers.get(slot) ?? 0;
    const before = detectorOf(this.localHealth, slot);
    this.localHealth.tell(slot, generation, { type: "failed", startedAtMs, answered, reason });
    const isCurrent = this.keeper.rowAt(slot)?.generation === generation;
    if (!isCurrent && detectorOf(this.localHealth, slot) !== before)
      this.around.invariants.staleCounted(this.process.name, slot);
  }
}

/** The opinion of a slot as it is: the same object comes back while nothing changes it. */
function detectorOf(localHealth: LocalHealth, slot: number): unknown {
  const detectors: unknown = Reflect.get(localHealth, "detectors");
  const watched: unknown = detectors instanceof Map ? detectors.get(slot) : undefined;
  return typeof watched === "object" && watched !== null ? Reflect.get(watched, "state") : undefined;
}
