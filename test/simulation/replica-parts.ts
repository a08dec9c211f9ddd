import type { ClusterParts } from "#worker/cluster-state/cluster";
import type { ViewSource } from "#worker/cluster-state/view-source";
import type { SimulatedSender } from "./simulated-sender.js";

export interface SimulatedSending {
  readonly sender: SimulatedSender;
  readonly beat: () => void;
}

/** What a replica hands to the product's wiring. */
export type ReplicaParts = ClusterParts<SimulatedSending, ViewSource>;
