import { ClusterAccess, type ViewStore } from "@rollcall/coordinator";
import { addressOf, type View } from "@rollcall/core/view";
import { Cluster } from "#worker/cluster-state/cluster";
import type { ClusterState } from "#worker/cluster-state/cluster-state";
import type { KnownNode } from "#worker/cluster-state/collaborators";
import { IncidentMeter } from "#worker/cluster-state/incident-cost";
import { createNodeTable } from "#worker/cluster-state/node-table";
import { ControlProber } from "#worker/cluster-state/prober";
import { ViewSource, type ViewSourceParts } from "#worker/cluster-state/view-source";
import { LoopLagMonitor } from "#worker/table/loop-lag-monitor";
import { openStore, type SimEnvironment } from "./environment.js";
import type { ReplicaParts, SimulatedSending } from "./replica-parts.js";
import { SimControlClient } from "./sim-control-client.js";
import type { SimProcess } from "./sim-process.js";
import { SimulatedSender } from "./simulated-sender.js";

const slots = 256;

/**
 * A process with a pool: follows the view, sends requests, ejects and reports nodes that fail it, probes for the
 * leader, and may lead. Only its requests are simulated: all else is the product, wired by `Cluster` as in a pool.
 */
export class ReplicaProcess {
  private readonly cluster: Cluster<SimulatedSending, ViewSource>;
  /** All nodes, as long as none has changed. */
  private known: readonly KnownNode[] | undefined;
  /** The view that came last, and the last shared one that was in force. */
  private newest: View | undefined;
  private lastShared: View | undefined;

  constructor(
    readonly process: SimProcess,
    private readonly environment: SimEnvironment,
    requestsPerSecond: number,
    readonly mayLead: boolean,
  ) {
    const { story, seams, invariants, cluster: searchCluster } = environment;
    const { name, random } = process;
    const config = { ...environment.config, coordinator: mayLead ? "candidate" : "external" } as const;
    const logger = story.loggerOf(name);
    const simulated = new SimControlClient(process, searchCluster, invariants.askWatch);
    const controlClient = mayLead ? seams.leaderControlClient(simulated, process) : simulated;
    const access = new ClusterAccess(config, process, logger);
    const table = createNodeTable({ slots, threads: 1 });
    const common = { config, timers: process, random, logger };
    const reader = seams.reader({ ...table, thread: 0, inFlightMax: 64, nowMs: () => process.nowMs() });
    const loopLag = new LoopLagMonitor(reader, () => process.nowMs());

    const parts: ReplicaParts = {
      ...{ ...common, table, access, seeds: config.seeds },
      prober: new ControlProber(controlClient, access),
      listener: {
        nodeChanged: ({ address, from, to, reason }) => {
          if (from !== "ejected" && to !== "ejected") return;
          story.add(name, `${address} ${from} -> ${to}${reason === undefined ? "" : `: ${reason}`}`);
          // Where it was draining or down before, it was ejected earlier: the mark only hid that.
          const wasHidden = from === "draining" || from === "down";
          if (to === "ejected" && !wasHidden && this.isFresh) invariants.replicas.ejected(name, address, reason ?? "");
        },
        viewApplied: () => {},
        tableChanged: () => {
          this.known = undefined;
        },
      },
      openSender: (observer) => {
        const sender = new SimulatedSender(process, environment, reader, observer, requestsPerSecond);
        const beat = () => {
          loopLag.beat();
          sender.checkReroutes(this.nodes());
        };
        return { sender, beat };
      },
      openView: (state, { sender }) =>
        new ViewSource({
          ...{ ...common, access, controlClient, replica: name },
          openStore: () => this.openStore(),
          cluster: this.watched(state),
          meter: new IncidentMeter(
            () => ({ retries: 0, reroutes: 0, failed: 0, writeWaits: 0 }),
            () => process.nowMs(),
          ),
          workload: {
            threads: () => [],
            load: () => ({
              overMs: 10_000,
              requests: Math.ceil(requestsPerSecond * 10),
              failed: 0,
              queued: 0,
              nodes: [],
            }),
            answered: () => sender.answered,
            requests: () => ({ begun: Math.floor((requestsPerSecond * process.nowMs()) / 1_000), pending: 0 }),
          },
        }),
    };
    this.cluster = new Cluster(seams.wiring(parts, process));
    void access.start();
    this.cluster.start();
    this.cluster.opened.sender.start(() => this.nodes());
    process.onDeath(() => {
      void this.cluster.close();
      void controlClient.close();
    });
  }

  get isLeading(): boolean {
    return this.process.state !== "dead" && this.cluster.view.isLeading;
  }

  /** Whether a leader stands behind the view that the process goes by. */
  get isFresh(): boolean {
    return this.cluster.view.freshness === "fresh";
  }

  /** The view in force. */
  get view(): View | undefined {
    return this.cluster.state.view;
  }

  /** The view that came last, whether or not it is in force. */
  get newestView(): View | undefined {
    return this.newest;
  }

  nodes(): readonly KnownNode[] {
    this.known ??= this.cluster.state.nodes();
    return this.known;
  }

  /** Whether it has a reason to probe a node that its view marks down: it refutes the mark, or requests wait there. */
  probesDown(address: string): boolean {
    const refuted = this.cluster.state.refutedKeys().some((key) => key.endsWith(`@${address}`));
    return refuted || this.cluster.opened.sender.waitsFor(address);
  }

  /** Notes what the view source does with the state. */
  private watched(state: ClusterState): ViewSourceParts["cluster"] {
    const { invariants } = this.environment;
    const { name } = this.process;
    return {
      apply: (view, freshness, origin) => {
        this.newest = view;
        state.apply(view, freshness, origin);
        if (origin !== "shared") return;
        invariants.applied(name, this.lastShared, this.view);
        this.lastShared = this.view;
      },
      ejectedKeys: () => state.ejectedKeys(),
      avoided: () => state.avoided(),
      refutedKeys: () => state.refutedKeys(),
      probe: (key) => {
        const node = this.nodes().find(({ record }) => `${record.id}@${addressOf(record)}` === key);
        if (node !== undefined) invariants.peerProbes(name, addressOf(node.record));
        return state.probe(key);
      },
    };
  }

  private openStore(): ViewStore {
    const { process, environment, mayLead } = this;
    const { seams, invariants } = environment;
    const opened = openStore(process, environment, mayLead);
    const store = mayLead ? seams.leaderStore(invariants.watchLeaderStore(opened, process), process) : opened;
    return invariants.replicas.watchStore(seams.replicaStore(store, process), process, this);
  }
}
