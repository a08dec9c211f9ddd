import type { SeedFinding } from "../../findings.js";
import { nameList } from "../../name-list.js";
import type { Change } from "../change.js";
import type { Observations } from "../observations.js";
import { groupBy } from "./group-by.js";

/** Which cluster, and whether it is one: seeds of two, seeds that are no nodes, seeds that stand for several. */
export function clusterChanges(observations: Observations): readonly Change[] {
  return [
    ...twoClusters(observations),
    ...notNodes(observations),
    ...overloaded(observations),
    ...balancers(observations),
  ];
}

function twoClusters({ findings }: Observations): readonly Change[] {
  const known = findings.seeds.filter(({ clusterUuid }) => clusterUuid !== undefined);
  const clusters = groupBy(known, ({ clusterUuid }) => clusterUuid);
  if (clusters.length > 1) {
    const shown = clusters.map(([uuid, seeds]) => {
      return `${seeds[0]?.clusterName ?? "a cluster without a name"} (uuid ${uuid}) at ${urls(seeds)}`;
    });
    return [
      {
        ...{ cause: "two-clusters", isFault: true, stopsAll: true },
        problem: `The configured nodes belong to ${clusters.length} clusters: ${shown.join("; ")}.`,
        remedy:
          "A pool is for one cluster: make one for each. If they should be one, the nodes have formed two: look at " +
          "discovery.seed_hosts and the log of each.",
      },
    ];
  }
  const foreign = findings.seeds.filter(({ outcome }) => outcome === "foreign");
  if (foreign.length === 0) return [];
  return [
    {
      ...{ cause: "two-clusters", isFault: true, stopsAll: foreign.length === findings.seeds.length },
      problem: `${urls(foreign)} belongs to another cluster than \`discovery.clusterUuid\` names.`,
      remedy: "Correct `nodes`; or, if the cluster was built anew, set the new uuid or take the option out.",
    },
  ];
}

function notNodes({ findings }: Observations): readonly Change[] {
  const seeds = findings.seeds;
  const wrong = seeds.filter(({ outcome }) => ["unverified", "malformed", "empty"].includes(outcome));
  if (wrong.length === 0) return [];
  return [
    {
      ...{ cause: "not-a-node", isFault: true, stopsAll: wrong.length === seeds.length },
      problem: `What answers is not a node of a cluster: ${withReasons(wrong)}.`,
      remedy:
        "If it is a node, it has not joined a cluster yet: look at its log and its discovery settings. If not, the URL " +
        "leads to something else, such as Kibana or a proxy's own page, or lacks a path.",
    },
  ];
}

function overloaded({ findings }: Observations): readonly Change[] {
  const seeds = findings.seeds;
  const busy = seeds.filter(({ outcome }) => outcome === "overloaded");
  if (busy.length === 0) return [];
  return [
    {
      ...{ cause: "overloaded", isFault: true, stopsAll: busy.length === seeds.length },
      problem: `A node runs and cannot answer now: ${withReasons(busy)}.`,
      remedy:
        "503 at once after its start ends by itself; while it stays, the node has no elected cluster manager, or a proxy in " +
        "front of it has no node.",
    },
  ];
}

function balancers({ seeds }: Observations): readonly Change[] {
  const several = seeds.filter(({ answers }) => new Set(answers?.nodeIds).size > 1);
  if (several.length === 0) return [];
  return [
    {
      ...{ cause: "load-balancer", isFault: false, stopsAll: false },
      problem: `Several nodes answer at ${nameList(several.map(({ url }) => url))}: it is a load balancer.`,
      remedy:
        "The pool chooses nodes itself, and then uses those that the cluster lists. Name nodes in place of the balancer, so " +
        "that a health check of its own does not decide too.",
    },
  ];
}

function withReasons(seeds: readonly SeedFinding[]): string {
  return nameList(seeds.map(({ url, reason }) => `${url} (${reason})`));
}

function urls(seeds: readonly SeedFinding[]): string {
  return nameList(seeds.map(({ url }) => url));
}
