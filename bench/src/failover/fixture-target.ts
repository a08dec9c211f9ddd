import type { EngineKind } from "@rollcall/testing/engines";
import { startFixtureCluster } from "@rollcall/testing/fixture";
import { faultsOf } from "./behaviour.js";
import { handlesOf, lastOf, type TargetCluster, type TargetNode } from "./target.js";

export async function startFixtureTarget(kind: EngineKind): Promise<TargetCluster> {
  const cluster = await startFixtureCluster({ kind, faults: faultsOf({ is: "normal" }) });
  const nodes = cluster.nodes.map(
    (node): TargetNode => ({
      ...handlesOf(node),
      stop: () => node.kill(),
      start: () => node.restart(),
      behave: (behaviour) => node.set(faultsOf(behaviour)),
    }),
  );
  return {
    urls: cluster.urls,
    nodes,
    faultyNode: async () => lastOf(nodes),
    async counts() {
      const all = await Promise.all(cluster.nodes.map(async (node) => [node.port, await node.counts()] as const));
      return {
        sniffs: all.reduce((sum, [, { requests }]) => sum + requests.sniff, 0),
        searches: new Map(all.map(([port, { requests }]) => [port, requests.other])),
      };
    },
    untilGreen: async () => {},
    [Symbol.asyncDispose]: () => cluster.close(),
  };
}
