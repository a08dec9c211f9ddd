import { ClusterAccess, Coordinator, HeartbeatSender, type ViewStore } from "@rollcall/coordinator";
import { freshnessOf, type View } from "@rollcall/core/view";
import { openStore, type Surroundings } from "./environment.js";
import { SimAsker } from "./sim-control-client.js";
import type { SimProcess } from "./sim-process.js";

/** A process that may keep the view, and has no pool. */
export class CoordinatorProcess {
  private readonly coordinator: Coordinator;
  private view: View | undefined;

  constructor(
    readonly process: SimProcess,
    around: Surroundings,
  ) {
    const { name } = process;
    const { config, story, seams, invariants, cluster } = around;
    const logger = story.loggerOf(name);
    const watched = invariants.watchLeaderStore(openStore(process, around, true), process);
    const store: ViewStore = seams.leaderStore(watched, process);
    const asker = seams.leaderAsker(new SimAsker(process, cluster, invariants.askWatch), process);
    const access = new ClusterAccess(config, process, logger);
    this.coordinator = new Coordinator({
      ...{ config, access, asker, store, timers: process, random: process.random, logger },
      ...{ leader: name, replica: name },
    });
    store.subscribe((view) => {
      this.view = view;
    });
    const digests = new HeartbeatSender({
      ...{ store, timers: process, random: process.random },
      heartbeat: () => {
        const { view } = this;
        const ageMs = view === undefined ? Number.POSITIVE_INFINITY : store.nowMs() - view.head.atMs;
        return {
          ...{ replica: name, host: "simulated", pid: 1, role: "coordinator", leading: this.isLeading },
          ...{ freshness: freshnessOf(ageMs), ejected: [], threads: [] },
          ...(view === undefined ? {} : { view: { topology: view.head.topology, marks: view.head.marks } }),
        };
      },
    });
    digests.start();
    void access.start();
    this.coordinator.start();
    process.onDeath(() => {
      digests.close();
      void this.coordinator.close();
      void asker.close();
    });
  }

  get isLeading(): boolean {
    return this.process.state !== "dead" && this.coordinator.isLeading;
  }
}
