import { ClusterAccess, Coordinator, type ViewStore } from "@rollcall/coordinator";
import type { View } from "@rollcall/core/view";
import { SimAsker } from "./sim-asker.js";
import type { SimProcess } from "./sim-process.js";
import { startDigests } from "./start-digests.js";
import { openStore, type Surroundings } from "./surroundings.js";

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
    startDigests(process, store, () => ({
      ...{ replica: name, role: "coordinator", leading: this.isLeading, avoided: [] },
      ...(this.view === undefined ? {} : { view: this.view }),
    }));
    void access.start();
    this.coordinator.start();
    process.onDeath(() => {
      void this.coordinator.close();
      void asker.close();
    });
  }

  get isLeading(): boolean {
    return this.process.state !== "dead" && this.coordinator.isLeading;
  }
}
