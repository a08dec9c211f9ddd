import type { EngineKind } from "@rollcall/testing/engines";
import { type Contender, contenders } from "./client.js";
import { startEngineTarget } from "./engine-target.js";
import { startFixtureTarget } from "./fixture-target.js";
import { type Haproxy, haproxyVersion, startHaproxy } from "./haproxy.js";
import type { TargetCluster } from "./target.js";

/** The clusters of an environment, and which client runs on which. */
export interface ClusterSet extends AsyncDisposable {
  /** Ready for the next scenario. */
  clientRuns(): Promise<readonly ClientRun[]>;
  release(clientRuns: readonly ClientRun[]): Promise<void>;
}

/** One client on one cluster. */
export interface ClientRun {
  readonly label: string;
  readonly contender: Contender;
  readonly cluster: TargetCluster;
  /** What stands between client and cluster. Default: nothing. */
  readonly front?: Haproxy;
  /** A built checkout to take Rollcall from. Default: this repository. */
  readonly checkout?: string;
}

const names = {
  rollcall: "Rollcall",
  elasticsearch: "@elastic/elasticsearch",
  opensearch: "@opensearch-project/opensearch",
  haproxy: "@elastic/elasticsearch behind HAProxy",
} as const satisfies Record<(typeof contenders)[number], string>;

/** A cluster of its own for each client, started anew for each scenario. Without HAProxy in the path none stands behind it. */
export async function openFixtureClusters(): Promise<ClusterSet> {
  const hasHaproxy = (await haproxyVersion()) !== undefined;
  if (!hasHaproxy) console.log("Nothing behind HAProxy: there is no haproxy in the path.");
  const chosen = contenders.filter((contender) => contender !== "haproxy" || hasHaproxy);
  return {
    clientRuns: () =>
      Promise.all(
        chosen.map(async (contender): Promise<ClientRun> => {
          const isElasticsearch = contender === "elasticsearch" || contender === "haproxy";
          const cluster = await startFixtureTarget(isElasticsearch ? "elasticsearch" : "opensearch");
          const front = contender === "haproxy" ? { front: await startHaproxy(cluster.urls) } : {};
          return { label: names[contender], contender, cluster, ...front };
        }),
      ),
    async release(clientRuns) {
      await Promise.all(
        clientRuns.flatMap(({ cluster, front }) => [cluster[Symbol.asyncDispose](), front?.[Symbol.asyncDispose]()]),
      );
    },
    async [Symbol.asyncDispose]() {},
  };
}

/** Two clusters, each shared by its official client and Rollcall, the same for all scenarios. */
export async function openRealClusters(): Promise<ClusterSet> {
  const started: { readonly kind: EngineKind; readonly cluster: TargetCluster }[] = [];
  const close = async () => {
    await Promise.all(started.map(({ cluster }) => cluster[Symbol.asyncDispose]()));
  };
  try {
    // One after the other: on two cores six JVMs at once take longer than three and three.
    for (const kind of ["elasticsearch", "opensearch"] as const) {
      started.push({ kind, cluster: await startEngineTarget(kind) });
    }
  } catch (error) {
    await close();
    throw error;
  }
  return {
    async clientRuns() {
      await Promise.all(started.map(({ cluster }) => cluster.untilGreen()));
      return started.flatMap(({ kind, cluster }): ClientRun[] => {
        const engine = kind === "elasticsearch" ? "Elasticsearch" : "OpenSearch";
        return [
          { label: `Rollcall on ${engine}`, contender: "rollcall", cluster },
          { label: names[kind], contender: kind, cluster },
        ];
      });
    },
    release: async () => {},
    [Symbol.asyncDispose]: close,
  };
}
