import {
  ClusterAccess,
  Coordinator,
  coordinatorHeartbeat,
  HeartbeatSender,
  type ViewStore,
} from "@rollcall/coordinator";
import type { View } from "@rollcall/core/view";
import { openStore, type SimEnvironment } from "./environment.js";
import { SimControlClient } from "./sim-control-client.js";
import type { SimProcess } from "./sim-process.js";

/** A process that may lead, and has no pool. */
export class CoordinatorProcess {
  private readonly coordinator: Coordinator;
  private view: View | undefined;

  constructor(
    readonly process: SimProcess,
    environment: SimEnvironment,
  ) {
    const { name } = process;
    const { config, story, seams, invariants, cluster } = environment;
    const logger = story.loggerOf(name);
    const watched = invariants.watchLeaderStore(openStore(process, environment, true), process);
    const store: ViewStore = seams.leaderStore(watched, process);
    const controlClient = seams.leaderControlClient(
      new SimControlClient(process, cluster, invariants.askWatch),
      process,
    );
    const access = new ClusterAccess(config, process, logger);
    this.coordinator = new Coordinator({
      ...{ config, access, controlClient, store, timers: process, random: process.random, logger },
      ...{ leader: name, replica: name },
    });
    store.subscribe((view) => {
      this.view = view;
    });
    const heartbeats = new HeartbeatSender({
      ...{ store, timers: process, random: process.random },
      heartbeat: () => {
        const { isLeading, view } = this;
        const storeNowMs = store.nowMs();
        return coordinatorHeartbeat({ replica: name, host: "simulated", pid: 1, isLeading, view, storeNowMs });
      },
    });
    heartbeats.start();
    void access.start();
    this.coordinator.start();
    process.onDeath(() => {
      heartbeats.close();
      void this.coordinator.close();
      void controlClient.close();
    });
  }

  get isLeading(): boolean {
    return this.process.state !== "dead" && this.coordinator.isLeading;
  }
}
