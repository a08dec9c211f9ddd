import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { Endpoint } from "@rollcall/coordinator/cluster";
import { systemTimers } from "@rollcall/coordinator/cluster";
import { silentLogger } from "@rollcall/core";
import { createHostPolicy } from "@rollcall/core/policy";
import { type Mark, type NodeRecord, nodeKey, type View } from "@rollcall/core/view";
import { seededRandom } from "@rollcall/testing";
import { ReceivedResponse } from "../api/response.js";
import { Cluster, type ViewFeed } from "../cluster-state/cluster.js";
import { createNodeTable } from "../cluster-state/node-table.js";
import type { DispatchObserver, PendingRequest, PreparedRequest, Result } from "../dispatch/sender.js";
import type { Target } from "../dispatch/target.js";
import { Lanes } from "../lane/client.js";
import { Threads } from "../threads/threads.js";
import { type Echo, EchoNodes, isWhole } from "./echo-nodes.test.support.js";
import type { StressWork } from "./stress-task.test.support.js";

export interface StressOptions {
  readonly seed: number;
  readonly seconds: number;
}

/** What was done, so that a run that did nothing does not look like a success. */
export interface StressReport {
  readonly calls: number;
  readonly answered: number;
  readonly failed: Readonly<Record<string, number>>;
  readonly views: number;
  readonly slotsGivenBack: number;
  readonly threadsKilled: number;
  readonly tasks: number;
}

const threads = 2;
/** Enough for those of several views whose last requests are still ending. */
const slots = 512;
const nodesMax = 9;
const nowMs = () => systemTimers.nowMs();

/**
 * Everything between pool and sockets, on real threads and connections, while the view changes many times a second,
 * slots change hands, calls are given up, tasks block threads, and threads die. Half of the time nothing but the view
 * changes: then every count must be exactly what the nodes have counted.
 *
 * Rejects with what is wrong: a call settled twice or never, an answer that is another call's or torn, a write that was
 * sent twice or although it is said not to have been sent, a request to a node that the view did not name any more when
 * the request began, a count that is off, a slot that is never given back.
 */
export async function stress({ seed, seconds }: StressOptions): Promise<StressReport> {
  const rig = new StressRig(seed);
  await rig.open();
  try {
    const endMs = nowMs() + seconds * 1_000;
    for (let round = 0; round === 0 || nowMs() < endMs; round++) {
      await rig.calm(400);
      await rig.chaos(1_200);
    }
    await rig.calm(200);
    await rig.finish();
    return rig.report;
  } finally {
    await rig.close();
  }
}

class StressRig {
  private readonly random: () => number;
  private readonly nodes = new EchoNodes();
  private readonly table = createNodeTable({ slots, threads });
  private readonly cluster: Cluster<{ readonly sender: WatchedLanes }, ViewFeed>;
  private readonly threads: Threads;
  /** Ports that each view has named, the configured one too. */
  private readonly views: ReadonlySet<number>[] = [];
  private readonly released = { requests: 0, answers: 0, failures: 0 };
  private readonly problems: string[] = [];
  private readonly failed: Record<string, number> = {};
  /** Ids of calls that may not have been sent, and of those that must not be sent twice. */
  private readonly unsent: string[] = [];
  private readonly once: string[] = [];
  private sequence = 0;
  private nextId = 1;
  private pending = 0;
  private answered = 0;
  private killed = 0;
  private tasks = 0;
  private pendingTasks = 0;
  private slotsGivenBack = 0;
  private readonly usedSlots = new Set<number>();
  private live = 0;
  /** Reads are moved away from a node that is down: then an attempt may have no answer. */
  private markKind: "down" | "draining" = "draining";

  constructor(seed: number) {
    this.random = seededRandom(seed);
    const { table } = this;
    const { words, layout } = table;
    this.cluster = new Cluster({
      seeds: [],
      table,
      access: {
        reach: ({ host, port }) => ({ kind: "endpoint", endpoint: endpointOf(host, port) }),
        onChange: () => () => {},
        renewed: async () => {
          this.problems.push("a 401 that no node sent");
          return undefined;
        },
      },
      prober: { probe: async () => ({ kind: "reached" }) },
      listener: { nodeChanged: () => {}, viewApplied: () => {}, tableChanged: () => {} },
      timers: systemTimers,
      random: this.random,
      logger: silentLogger,
      openSender: (observer) => ({ sender: new WatchedLanes(this.lanesFor(this.watched(observer)), this.applied) }),
      openView: () => ({ start: () => {}, close: async () => {}, report: () => {}, nowMs }),
    });
    const { lanes } = this;
    this.threads = new Threads({
      threads,
      setup: {
        words,
        layout,
        settings: {
          perNode: 8,
          opening: 8,
          idleMs: 1_000,
          maxAgeMs: 2_000,
          connectTimeoutMs: 5_000,
          maxResponseBytes: 1_000_000,
          unpacksAnswers: false,
          packsAboveBytes: undefined,
        },
        bufferedMaxBytes: 1_000_000,
        queueMax: 64,
        adaptiveTimeoutMs: undefined,
        noNodeWaitMs: 2_000,
        drainMs: 500,
        defaults: { timeoutMs: 10_000, retry: { max: 3 }, hedge: false, maxResponseBytes: 536_870_888 },
      },
      joined: (thread) => {
        this.live++;
        lanes.join(thread);
      },
      timers: systemTimers,
      failed: () => {},
      changed: () => {},
      beforeTask: () => lanes.flush(),
    });
    this.threads.start();
  }

  private get lanes(): Lanes {
    return this.cluster.opened.sender.lanes;
  }

  private get totals() {
    return this.table.totals;
  }

  private lanesFor(observer: DispatchObserver): Lanes {
    const { words, layout, writer, totals } = this.table;
    const logger = {
      ...silentLogger,
      error: (_fields: object, message: string) => message.includes("died") && this.live--,
    };
    return new Lanes({
      words,
      layout,
      writer,
      totals,
      queueMax: 64,
      perNode: 8,
      observer,
      hedgeDelay: () => {},
      credentialGiven: () => {},
      timers: systemTimers,
      logger,
    });
  }

  /** The ports that a list names are those that a request which begins from now on may be sent to. */
  private readonly applied = (targets: readonly Target[]): void => {
    for (const { slot } of targets) this.usedSlots.add(slot);
    this.views.push(new Set(targets.map(({ endpoint }) => endpoint.port)));
  };

  private watched(observer: DispatchObserver): DispatchObserver {
    return {
      failed: (failure) => observer.failed(failure),
      credentialRefused: (refusal, done) => observer.credentialRefused(refusal, done),
      probeWanted: (slot) => observer.probeWanted(slot),
      released: (slot) => {
        this.countReleased(slot);
        observer.released(slot);
      },
    };
  }

  get report(): StressReport {
    return {
      calls: this.nextId - 1,
      answered: this.answered,
      failed: this.failed,
      views: this.views.length,
      slotsGivenBack: this.slotsGivenBack,
      threadsKilled: this.killed,
      tasks: this.tasks,
    };
  }

  async open(): Promise<void> {
    await this.nodes.start(nodesMax + 4);
    this.cluster.start();
    this.changeView();
    await this.until("the threads are up", () => this.live === threads);
  }

  /** Nothing but the view changes: every count is exact. */
  async calm(forMs: number): Promise<void> {
    await this.quiet();
    this.markKind = "draining";
    this.changeView();
    const before = this.counts();
    const endMs = nowMs() + forMs;
    while (nowMs() < endMs) {
      // In one turn: so a thread may well be given a call before its loop has come to the new list.
      if (this.random() < 0.3) this.changeView();
      for (let more = 0; more < 12; more++) if (this.pending < 80) this.begin(false);
      await sleep(this.random() * 6);
    }
    await this.quiet();
    const after = this.counts();
    const of = (count: keyof typeof after) => after[count] - before[count];
    const { seen, answers, requests, failures, settled } = {
      seen: of("seen"),
      answers: of("answers"),
      requests: of("requests"),
      failures: of("failures"),
      settled: of("settled"),
    };
    if (failures === 0 && (requests !== seen || answers !== seen || settled !== seen)) {
      this.problems.push(`counts differ: ${JSON.stringify({ seen, answers, requests, settled })}`);
    }
    this.assertWell();
  }

  /** Everything at once. */
  async chaos(forMs: number): Promise<void> {
    this.markKind = "down";
    const endMs = nowMs() + forMs;
    let mayKillFromMs = nowMs() + 100;
    while (nowMs() < endMs) {
      if (this.random() < 0.4) this.changeView();
      for (let more = 0; more < 16; more++) if (this.pending < 120) this.begin(this.random() < 0.3);
      const kind = this.random();
      if (kind < 0.1) this.runTask("request");
      else if (kind < 0.13) this.runTask("compute");
      else if (kind < 0.15) for (let each = 0; each < threads; each++) this.runTask("churn");
      else if (kind < 0.18 && nowMs() > mayKillFromMs) {
        mayKillFromMs = nowMs() + 700;
        this.killed++;
        this.runTask(this.random() < 0.5 ? "exit" : "throw");
      }
      await sleep(this.random() * 8);
    }
    await this.quiet();
    const { requests, answers, seen } = this.counts();
    if (answers > seen || seen > requests) {
      this.problems.push(
        `more was answered than seen, or seen than sent: ${JSON.stringify({ answers, seen, requests })}`,
      );
    }
    this.assertWell();
  }

  async finish(): Promise<void> {
    for (const id of this.unsent) {
      if (this.nodes.seen.has(id)) this.problems.push(`call ${id} is said not to have been sent, and was`);
    }
    for (const id of this.once) {
      if ((this.nodes.seen.get(id) ?? 0) > 1) this.problems.push(`call ${id}, a write, was sent more than once`);
    }
    // With an empty view every slot comes back.
    this.applyView([]);
    await this.until("every slot is free again", () => this.usedSlots.size === 0);
    const { inFlight } = this.totals;
    let openSockets = 0;
    for (let slot = 0; slot < slots; slot++) openSockets += this.totals.ofNode(slot).openSockets;
    if (inFlight !== 0 || openSockets !== 0)
      this.problems.push(`left over: ${inFlight} in flight, ${openSockets} sockets`);
    this.assertWell();
  }

  async close(): Promise<void> {
    await this.lanes.destroy();
    await this.threads.destroy();
    await this.cluster.close();
    await this.nodes.close();
  }

  private begin(givesUp: boolean): void {
    const id = (this.nextId++).toString(36);
    const isWrite = this.random() < 0.3;
    const size = [0, 300, 5_000, 20_000, 90_000][Math.floor(this.random() * 5)] ?? 0;
    const delayMs = Math.floor(this.random() * 25);
    const call: PreparedRequest = {
      method: isWrite ? "POST" : "GET",
      path: `/${id}/${size}/${delayMs}`,
      headers: ["x-a", id],
      body: isWrite ? (this.random() < 0.5 ? `{"id":"${id}"}` : Buffer.from(id)) : undefined,
      class: isWrite ? "never" : "read",
      reroutable: !isWrite,
      maxRetries: 3,
      deadlineMs: nowMs() + 10_000,
      sentBefore: 0,
      settings: undefined,
      answerWindowBytes: 0,
    };
    const since = this.views.length - 1;
    if (isWrite) this.once.push(id);
    let settlements = 0;
    this.pending++;
    // Set before the call begins: that may settle it.
    const timer = setTimeout(
      () => pending?.cancel(givesUp ? "ABORTED" : "TIMEOUT", "given up"),
      givesUp ? this.random() * 60 : 10_000,
    );
    const pending: PendingRequest | undefined = this.lanes.start(call, {
      settle: (result) => {
        if (++settlements > 1) return void this.problems.push(`call ${id} was settled ${settlements} times`);
        this.pending--;
        clearTimeout(timer);
        this.judge(id, since, result);
      },
    });
  }

  private judge(id: string, since: number, result: Result): void {
    const attempts = result.kind === "answered" ? result.attempts : result.error.attempts;
    for (const { node } of attempts) {
      const port = Number(node.split(":")[1]);
      const named = this.views.slice(since).some((view) => view.has(port));
      if (!named) this.problems.push(`call ${id} was sent to ${port}, which no view since its beginning names`);
    }
    if (result.kind === "failed") {
      const { code, sent } = result.error;
      this.failed[code] = (this.failed[code] ?? 0) + 1;
      if (code === "TIMEOUT") this.problems.push(`call ${id} was forgotten: it took 10 s`);
      if (sent === "no") this.unsent.push(id);
      return;
    }
    this.answered++;
    const response = new ReceivedResponse<Echo>(result, {});
    const echo = response.json();
    if (echo.id !== id || response.headers["x-id"] !== id)
      this.problems.push(`call ${id} got the answer of ${echo.id}`);
    if (!isWhole(echo)) this.problems.push(`the answer to call ${id} is torn`);
  }

  private runTask(kind: StressWork["kind"]): void {
    const id = (this.nextId++).toString(36);
    this.tasks++;
    this.pendingTasks++;
    const data: StressWork = { kind, forMs: this.random() * 250, path: `/${id}/100/5` };
    const module = new URL("./stress-task.test.support.js", import.meta.url).href;
    // However it ends: its thread may have died, by this or another task.
    this.threads.run({ module, data, settle: () => this.pendingTasks-- });
  }

  private changeView(): void {
    const count = 1 + Math.floor(this.random() * 5);
    const ports = [...this.nodes.ports].sort(() => this.random() - 0.5).slice(0, count);
    this.applyView(ports.map((port) => ({ id: `n${port}`, host: "127.0.0.1", port })));
  }

  private applyView(nodes: readonly NodeRecord[]): void {
    this.sequence++;
    const version = { epoch: 1, leader: "stress", sequence: this.sequence };
    const marks: Record<string, Mark> = {};
    for (const node of nodes) {
      if (this.random() < 0.2) marks[nodeKey(node)] = { kind: this.markKind, sinceMs: nowMs(), reason: "as ordered" };
    }
    const view: View = {
      topology: { version, source: "sniff", nodes },
      marks: { version, nodes: marks },
      head: { topology: version, marks: version, beat: this.sequence, atMs: nowMs(), replicas: 1 },
    };
    this.cluster.state.apply(view, "fresh", "shared");
  }

  private countReleased(slot: number): void {
    const { requests, answers, failures, inFlight } = this.totals.ofNode(slot);
    if (inFlight !== 0) this.problems.push(`slot ${slot} was given back with ${inFlight} requests in flight`);
    this.released.requests += requests;
    this.released.answers += answers;
    this.released.failures += failures;
    this.usedSlots.delete(slot);
    this.slotsGivenBack++;
  }

  private counts() {
    const { requests, answers, failures } = this.released;
    const counts = { requests, answers, failures, seen: this.nodes.requests, settled: this.answered };
    for (let slot = 0; slot < slots; slot++) {
      const node = this.totals.ofNode(slot);
      counts.requests += node.requests;
      counts.answers += node.answers;
      counts.failures += node.failures;
    }
    return counts;
  }

  private quiet(): Promise<void> {
    return this.until("nothing is pending", () => {
      const isIdle = this.pending === 0 && this.pendingTasks === 0 && this.live === threads;
      return isIdle && this.totals.inFlight === 0 && this.lanes.stats().queued === 0;
    });
  }

  private async until(what: string, look: () => boolean): Promise<void> {
    const deadlineMs = nowMs() + 30_000;
    while (!look()) {
      this.assertWell();
      if (nowMs() > deadlineMs) {
        const { pending, pendingTasks, live } = this;
        const state = { pending, pendingTasks, live, ...this.lanes.stats(), inFlight: this.totals.inFlight };
        throw new Error(`waited in vain until ${what}: ${JSON.stringify(state)}`);
      }
      await sleep(5);
    }
  }

  private assertWell(): void {
    assert.deepEqual(this.problems.slice(0, 10), []);
  }
}

/** Passes each list of targets on, before the lanes apply it. */
class WatchedLanes {
  constructor(
    readonly lanes: Lanes,
    private readonly applied: (targets: readonly Target[]) => void,
  ) {}

  apply(targets: readonly Target[]): void {
    this.applied(targets);
    this.lanes.apply(targets);
  }

  reroute(order: Parameters<Lanes["reroute"]>[0]): void {
    this.lanes.reroute(order);
  }

  pump(): void {
    this.lanes.pump();
  }
}

const policy = createHostPolicy({ seeds: [], hasCredentials: false });
const tls = {};

function endpointOf(host: string, port: number): Endpoint {
  const address = `${host}:${port}`;
  const origin = `http://${address}`;
  return { address, host, port, scheme: "http", origin, pathPrefix: "", headers: {}, tls, policy };
}
