import type { Endpoint } from "@rollcall/coordinator/cluster";

/** One row of the node table as a dispatch needs it. Plain data: it crosses threads. It holds a credential. */
export interface Target {
  readonly slot: number;
  readonly generation: number;
  readonly endpoint: Endpoint;
}
