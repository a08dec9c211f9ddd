import type { Endpoint } from "@rollcall/coordinator/cluster";

/** One row of the node table as a dispatch needs it. Plain data: it crosses threads. It holds a credential. */
export interface Target {
  readonly slot: number;
  readonly generation: number;
  readonly endpoint: Endpoint;
  /** Absent: the node has not answered yet, and is called by its address alone. */
  readonly names?: NodeNames;
}

/** By what a request may name a node besides its address. */
export interface NodeNames {
  readonly id: string;
  readonly name?: string;
  /** Those that it had before, as far as this process has seen them. */
  readonly formerAddresses: readonly string[];
}
