import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { Logger, Random, Timers } from "@rollcall/core";
import { type ClusterConfig, fixed } from "@rollcall/core/config";
import { type Freshness, freshnessOf, type Heartbeat, type View } from "@rollcall/core/view";
import { ClusterAccess } from "./cluster/access.js";
import { ControlClient } from "./cluster/control-client.js";
import { Coordinator } from "./coordinator.js";
import { HeartbeatSender } from "./heartbeat-sender.js";
import type { Unsubscribe, ViewStore } from "./store/view-store.js";

export interface StandaloneCoordinatorParts {
  /** `name`: the view's. */
  readonly config: ClusterConfig & { readonly name?: string };
  /** Closed together with the coordinator. */
  readonly store: ViewStore;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
}

/** A coordinator in a process without a pool: what a pool does besides sending requests, over whatever store. */
export class StandaloneCoordinator {
  readonly #store: ViewStore;
  readonly #access: ClusterAccess;
  readonly #asker: ControlClient;
  readonly #coordinator: Coordinator;
  readonly #digests: HeartbeatSender;
  readonly #replica = randomUUID();
  readonly #unsubscribe: Unsubscribe;
  #view: View | undefined;
  #closing: Promise<void> | undefined;

  constructor({ config, store, timers, random, logger }: StandaloneCoordinatorParts) {
    this.#store = store;
    this.#access = new ClusterAccess(config, timers, logger);
    this.#asker = new ControlClient(timers, fixed.connectTimeoutMs);
    this.#coordinator = new Coordinator({
      config,
      access: this.#access,
      asker: this.#asker,
      store,
      timers,
      random,
      logger,
      leader: this.#replica,
      replica: this.#replica,
    });
    this.#digests = new HeartbeatSender({ store, timers, random, heartbeat: () => this.#digest() });
    this.#unsubscribe = store.subscribe((view) => {
      this.#view = view;
    });
    void this.#access.start();
    this.#coordinator.start();
    this.#digests.start();
  }

  get isLeading(): boolean {
    return this.#coordinator.isLeading;
  }

  get problem(): string | undefined {
    if (!this.#store.isConnected) return "Redis does not answer";
    // Whoever stands by while another keeps the view is as he should be.
    return this.isLeading || this.#freshness() !== "fresh" ? this.#coordinator.problem : undefined;
  }

  close(): Promise<void> {
    this.#closing ??= this.#shutDown();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #shutDown(): Promise<void> {
    this.#digests.close();
    this.#unsubscribe();
    // The lease goes back through the store, which is therefore the last to be closed.
    await Promise.allSettled([this.#coordinator.close(), this.#asker.close()]);
    this.#access.close();
    await this.#store.close();
  }

  #freshness(): Freshness {
    return this.#view === undefined ? "orphan" : freshnessOf(this.#store.nowMs() - this.#view.head.atMs);
  }

  #digest(): Heartbeat {
    const view = this.#view;
    return {
      replica: this.#replica,
      host: hostname(),
      pid: process.pid,
      role: "coordinator",
      leading: this.isLeading,
      freshness: this.#freshness(),
      ...(view === undefined ? {} : { view: { topology: view.head.topology, marks: view.head.marks } }),
      ejected: [],
      threads: [],
    };
  }
}
