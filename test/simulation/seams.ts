import type { ControlClient, ViewStore } from "@rollcall/coordinator";
import { TableReader, type TableReaderOptions } from "#worker/table/reader";
import type { Script } from "./redis-scripts.js";
import type { ReplicaParts } from "./replica-parts.js";
import type { SimProcess } from "./sim-process.js";

/**
 * Where a mutant can replace a part of the product, to show that the simulation finds its wrong decisions. The checks
 * sit behind the seam, so a part that reports something wrong to its owner does not report it to the checks.
 */
export interface Seams {
  /** What a coordinator, or a replica, has of the store. */
  readonly leaderStore: (store: ViewStore, process: SimProcess) => ViewStore;
  readonly replicaStore: (store: ViewStore, process: SimProcess) => ViewStore;
  readonly leaderControlClient: (client: ControlClient, process: SimProcess) => ControlClient;
  /** What a replica's state of the cluster is wired to. */
  readonly wiring: (parts: ReplicaParts, process: SimProcess) => ReplicaParts;
  readonly reader: (rows: TableReaderOptions) => TableReader;
  /** Scripts of Redis that take the place of ours. */
  readonly scripts: Readonly<Record<string, Script>>;
  /** How fast a coordinator's clock goes. */
  readonly leaderClockRate: number;
  /** How long a first attempt stays on after its hedge was answered. */
  readonly outrunMs: number;
}

/** The product with one thing wrong, and the invariant that must find it. */
export interface Mutant {
  readonly what: string;
  readonly invariant: string;
  readonly seams: Partial<Seams>;
  /** The seed by which it was last found; the first to be tried. Default: 1. */
  readonly seed?: number;
}

/** The product as it is. */
export const product: Seams = {
  leaderStore: (store) => store,
  replicaStore: (store) => store,
  leaderControlClient: (client) => client,
  wiring: (parts) => parts,
  reader: (rows) => new TableReader(rows),
  scripts: {},
  leaderClockRate: 1,
  outrunMs: 1_000,
};
