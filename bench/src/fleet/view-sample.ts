import { type Marks, type NodeRecord, nodeKey, type Topology, type Version, type View } from "@rollcall/core/view";

/** Views of a cluster of so many nodes, `marked` of which are down. */
export class ViewSample {
  readonly nodes: readonly NodeRecord[];
  readonly topology: Topology;

  constructor(
    nodeCount: number,
    readonly marked: number,
  ) {
    this.nodes = Array.from({ length: nodeCount }, (_, at) => nodeRecord(at + 1));
    this.topology = this.topologyOf(1, this.nodes);
  }

  topologyOf(sequence: number, nodes: readonly NodeRecord[]): Topology {
    return { version: version(sequence), clusterUuid: "bench", clusterName: "bench", source: "sniff", nodes };
  }

  marksOf(sequence: number): Marks {
    const down = { kind: "down", sinceMs: 0, reason: "connection refused" } as const;
    const marks = this.nodes.slice(0, this.marked).map((node) => [nodeKey(node), down] as const);
    return { version: version(sequence), nodes: Object.fromEntries(marks) };
  }

  viewOf(sequence: number, topology = this.topology): View {
    const head = {
      topology: topology.version,
      marks: version(sequence),
      beat: sequence,
      atMs: 0,
      replicas: 1,
    };
    return { topology, marks: this.marksOf(sequence), head };
  }
}

function version(sequence: number): Version {
  return { epoch: 1_700_000_000_000_000, leader: "bench", sequence };
}

function nodeRecord(number: number): NodeRecord {
  const host = `10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`;
  return {
    id: `node-${String(number).padStart(17, "0")}`,
    name: `search-data-${number}`,
    host,
    port: 9200,
    ip: host,
    roles: ["data_content", "data_hot", "ingest", "remote_cluster_client"],
    attributes: { zone: `zone-${number % 3}`, rack: `rack-${number % 40}` },
    version: "9.1.0",
  };
}
