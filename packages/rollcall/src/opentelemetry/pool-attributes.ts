import type { Attributes } from "@opentelemetry/api";
import type { NodeStatus, Pool } from "@rollcall/worker";
import { peerAttributes, serverAttributes, serverNameOf } from "./address-attributes.js";

/** What spans and metrics need of a pool. */
export type DescribedPool = Pick<Pool, "config" | "stats" | "on" | "off">;

interface Known {
  readonly system: string | undefined;
  readonly cluster: string | undefined;
  /** By `host:port`. */
  readonly nodes: ReadonlyMap<string, NodeAttributes>;
}

interface NodeAttributes {
  readonly peer: Attributes;
  readonly all: Attributes;
}

/** What spans and metrics say of a pool and its nodes. It is read again after each change of a node, not at each request. */
export class PoolAttributes {
  /** `server.address` and `server.port`: the configured nodes, whichever answers. */
  readonly server: Attributes;
  /** The same as text. */
  readonly serverName: string;
  private lastKnown: Known | undefined;

  constructor(private readonly pool: DescribedPool) {
    this.server = serverAttributes(pool.config().seeds.map(({ url }) => url));
    this.serverName = serverNameOf(this.server);
    pool.on("view", this.changed).on("node", this.changed);
  }

  close(): void {
    this.pool.off("view", this.changed).off("node", this.changed);
  }

  /** `db.system.name`: by the versions of the nodes; `elasticsearch` while none is known. */
  get system(): string {
    return this.known.system ?? "elasticsearch";
  }

  /** The cluster's name; undefined while no node is verified. */
  get cluster(): string | undefined {
    return this.known.cluster;
  }

  /** Address and port of the node at `host:port`. */
  peer(address: string): Attributes {
    return this.known.nodes.get(address)?.peer ?? peerAttributes(address);
  }

  /** The same with the node's name. */
  node(address: string): Attributes {
    return this.known.nodes.get(address)?.all ?? peerAttributes(address);
  }

  private get known(): Known {
    this.lastKnown ??= this.read();
    return this.lastKnown;
  }

  private read(): Known {
    const { nodes, view } = this.pool.stats();
    const system = nodes.map(systemOf).find((one) => one !== undefined);
    const attributesOf = ({ address, name }: NodeStatus): NodeAttributes => {
      const peer = peerAttributes(address);
      return { peer, all: name === undefined ? peer : { ...peer, [`${system ?? "elasticsearch"}.node.name`]: name } };
    };
    return {
      system,
      cluster: view?.clusterName,
      nodes: new Map(nodes.map((node) => [node.address, attributesOf(node)])),
    };
  }

  private readonly changed = (): void => {
    this.lastKnown = undefined;
  };
}

/** Versions up to 3 are OpenSearch's: those of Elasticsearch with these numbers are of 2017 and before. */
function systemOf({ version }: NodeStatus): string | undefined {
  if (version === undefined) return undefined;
  return Number.parseInt(version, 10) <= 3 ? "opensearch" : "elasticsearch";
}
