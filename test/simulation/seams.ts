import type { ControlClient, ViewStore } from "@rollcall/coordinator";
import { TableReader, type TableReaderOptions } from "#worker/table/reader";
import type { Script } from "./redis-scripts.js";
import type { ReplicaParts } from "./replica-parts.js";
import type { SimProcess } from "./sim-process.js";

/**
 * Where another part can be put in the place of the product's own, to show that what it decides wrongly is found out.
 * What watches a part sits behind the seam: a part that lies to its owner does not lie to the watch.
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
}

/** The product with one thing wrong, and the invariant by which that must be found out. */
export interface Mutant {
  readonly what: string;
  readonly invariant: string;
  readonly seams: Partial<Seams>;
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
};
