import type { Attributes } from "@opentelemetry/api";
import type { NodeStatus, Pool } from "@rollcall/worker";
import { peerAttributes, serverAttributes, serverNameOf } from "./address-attributes.js";

/** What spans and metrics need of a pool. */
export type DescribedPool = Pick<Pool, "config" | "stats" | "on" | "off">;

/** What is known of a pool's cluster until one of its nodes changes. */
export interface KnownCluster {
  /** `db.system.name`: by the versions of the nodes; `elasticsearch` while none is known. */
  readonly system: string;
  /** The cluster's name; undefined while no node is verified. */
  readonly name: string | undefined;
  /** Address, port and name of each node, by its `host:port`. */
  readonly nodes: ReadonlyMap<string, Attributes>;
}

/** What spans and metrics say of a pool and its nodes. It is read again after each change of a node, not at each request. */
export class PoolAttributes {
  /** `server.address` and `server.port`: the configured nodes, whichever answers. */
  readonly server: Attributes;
  /** The same as text. */
  readonly serverName: string;
  private known: KnownCluster | undefined;

  constructor(private readonly pool: DescribedPool) {
    this.server = serverAttributes(pool.config().seeds.map(({ url }) => url));
    this.serverName = serverNameOf(this.server);
    pool.on("view", this.changed).on("node", this.changed);
  }

  close(): void {
    this.pool.off("view", this.changed).off("node", this.changed);
  }

  /** The same object until a node changes. */
  get cluster(): KnownCluster {
    this.known ??= this.read();
    return this.known;
  }

  private read(): KnownCluster {
    const { nodes, view } = this.pool.stats();
    const system = nodes.map(systemOf).find((one) => one !== undefined) ?? "elasticsearch";
    const attributesOf = ({ address, name }: NodeStatus) => ({
      ...peerAttributes(address),
      ...(name === undefined ? {} : { [`${system}.node.name`]: name }),
    });
    return {
      ...{ system, name: view?.clusterName },
      nodes: new Map(nodes.map((node) => [node.address, attributesOf(node)])),
    };
  }

  private readonly changed = (): void => {
    this.known = undefined;
  };
}

/** Versions up to 3 are OpenSearch's: those of Elasticsearch with these numbers are of 2017 and before. */
function systemOf({ version }: NodeStatus): string | undefined {
  if (version === undefined) return undefined;
  return Number.parseInt(version, 10) <= 3 ? "opensearch" : "elasticsearch";
}
