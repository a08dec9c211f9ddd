import { hostname } from "node:os";
import {
  type Logger,
  present,
  type Random,
  RollcallError,
  type Timers,
  type Unsubscribe,
  withDeadline,
} from "@rollcall/core";
import { type ClusterConfig, type CoordinatorOptions, fixed, parseCoordinatorConfig } from "@rollcall/core/config";
import type { View } from "@rollcall/core/view";
import { ClusterAccess } from "./cluster/access.js";
import { type ClusterRequestCount, CountedClient } from "./cluster/counted-client.js";
import { HttpControlClient } from "./cluster/http-control-client.js";
import { openSigner } from "./cluster/open-signer.js";
import { RenewingClient } from "./cluster/renewing-client.js";
import { Signer } from "./cluster/signer.js";
import { Coordinator } from "./coordinator.js";
import { coordinatorHeartbeat, viewFreshness } from "./coordinator-heartbeat.js";
import { HeartbeatSender } from "./heartbeat-sender.js";
import type { ViewStore } from "./store/view-store.js";

export interface CoordinatorProcessParts {
  /** `name`: the view's. */
  readonly config: ClusterConfig & { readonly name?: string };
  /** Closed together with the coordinator. */
  readonly store: ViewStore;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  /** The name of this process among all that share the view. */
  readonly replica: string;
}

/** How long another configuration waits for the names of its nodes. */
const namesWithinMs = 1_000;

/** @throws {RollcallError} `CONFIG` if its module cannot be used: what signed before stays in use */
async function usableSigner({ sign }: ClusterConfig, timers: Timers): Promise<Signer | undefined> {
  if (sign === undefined) return undefined;
  const signer = new Signer(sign, timers);
  const problem = await withDeadline(
    signer.loaded,
    fixed.signTimeoutMs,
    timers,
    () => "the module of `sign` takes too long to load",
  );
  if (problem !== undefined) throw new RollcallError("CONFIG", problem);
  return signer;
}

/** A coordinator in a process without a pool, over any store. */
export class CoordinatorProcess {
  readonly #store: ViewStore;
  readonly #name: string | undefined;
  readonly #timers: Timers;
  readonly #logger: Logger;
  #access: ClusterAccess;
  #signer: Signer | undefined;
  readonly #controlClient: CountedClient;
  readonly #coordinator: Coordinator;
  readonly #heartbeats: HeartbeatSender;
  readonly #replica: string;
  readonly #unsubscribe: Unsubscribe;
  #view: View | undefined;
  #closing: Promise<void> | undefined;

  constructor({ config, store, timers, random, logger, replica }: CoordinatorProcessParts) {
    this.#store = store;
    this.#replica = replica;
    this.#name = config.name;
    this.#timers = timers;
    this.#logger = logger;
    this.#access = new ClusterAccess(config, timers, logger);
    this.#signer = openSigner(config, timers, logger);
    const http = new HttpControlClient({
      ...{ timers, wallNowMs: Date.now, connectTimeoutMs: fixed.connectTimeoutMs },
      signer: () => this.#signer,
    });
    this.#controlClient = new CountedClient(new RenewingClient(http, () => this.#access, timers));
    this.#coordinator = new Coordinator({
      config,
      access: this.#access,
      controlClient: this.#controlClient,
      store,
      timers,
      random,
      logger,
      leader: replica,
      replica,
    });
    this.#heartbeats = new HeartbeatSender({ store, timers, random, heartbeat: () => this.#heartbeat() });
    this.#unsubscribe = store.subscribe((view) => {
      this.#view = view;
    });
    void this.#access.start();
    this.#coordinator.start();
    this.#heartbeats.start();
  }

  get isLeading(): boolean {
    return this.#coordinator.isLeading;
  }

  get problem(): string | undefined {
    if (!this.#store.isConnected) return "Redis does not answer";
    // A candidate has no problem while another process keeps the view fresh.
    if (!this.isLeading && viewFreshness(this.#view, this.#store.nowMs()) === "fresh") return undefined;
    return this.#coordinator.problem;
  }

  get store(): ViewStore {
    return this.#store;
  }

  clusterRequests(): readonly ClusterRequestCount[] {
    return this.#controlClient.counts();
  }

  async reconfigure(options: CoordinatorOptions): Promise<void> {
    const { redis: _redis, name: _name, logger: _logger, ...cluster } = parseCoordinatorConfig(options);
    const config = { ...cluster, ...present({ name: this.#name }) };
    const signer = await usableSigner(config, this.#timers);
    const access = new ClusterAccess(config, this.#timers, this.#logger);
    // A name that is not looked up in time is looked up on, as at a start.
    await withDeadline(access.start(), namesWithinMs, this.#timers, () => {});
    if (this.#closing !== undefined) return access.close();
    this.#signer = signer;
    this.#coordinator.reconfigure({ config, access });
    this.#access.close();
    this.#access = access;
  }

  close(): Promise<void> {
    this.#closing ??= this.#shutDown();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #shutDown(): Promise<void> {
    this.#heartbeats.close();
    this.#unsubscribe();
    // The lease goes back through the store, which is therefore the last to be closed.
    await Promise.allSettled([this.#coordinator.close(), this.#controlClient.close()]);
    this.#access.close();
    await this.#store.close();
  }

  #heartbeat() {
    return coordinatorHeartbeat({
      replica: this.#replica,
      host: hostname(),
      pid: process.pid,
      isLeading: this.isLeading,
      view: this.#view,
      storeNowMs: this.#store.nowMs(),
    });
  }
}
