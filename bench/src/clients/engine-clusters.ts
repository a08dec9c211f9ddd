import type { EngineName } from "@rollcall/testing/engines";
import type { ClientRun, ClusterSet } from "../failover/cluster-sets.js";
import { startEngineTarget } from "../failover/engine-target.js";
import { type ClientKindName, clientKinds } from "./client-contenders.js";

/** An engine, and the clients that are made for it. */
export interface EngineClients {
  readonly kind: EngineName;
  readonly label: string;
  readonly clients: readonly ClientKindName[];
}

export const engineClients: readonly EngineClients[] = [
  { kind: "elasticsearch", label: "Elasticsearch 7.17", clients: ["es7"] },
  { kind: "elasticsearch8", label: "Elasticsearch 8.19", clients: ["es8"] },
  { kind: "elasticsearch9", label: "Elasticsearch 9.5", clients: ["es9"] },
  { kind: "opensearch", label: "OpenSearch 2.19", clients: ["os2"] },
  { kind: "opensearch3", label: "OpenSearch 3.8", clients: ["os3"] },
];

/** One cluster of three nodes, which each of its clients shares with itself on a pool. */
export async function openEngineCluster({ kind, clients }: EngineClients): Promise<ClusterSet> {
  const cluster = await startEngineTarget(kind);
  return {
    async clientRuns() {
      await cluster.untilGreen();
      return clients.flatMap((client): ClientRun[] =>
        (["alone", "on a pool"] as const).map((way) => {
          return { label: `${clientKinds[client].label} ${way}`, contender: `${client} ${way}`, cluster };
        }),
      );
    },
    release: async () => {},
    [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
  };
}
