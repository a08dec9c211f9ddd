import type { Behaviour } from "./behaviour.js";

/** A cluster of three nodes, fixture nodes or a real engine, whose nodes can be disturbed. */
export interface TargetCluster extends AsyncDisposable {
  readonly urls: readonly string[];
  readonly nodes: readonly TargetNode[];
  /** The node to disturb: not the elected master, since an election is not what is measured. */
  faultyNode(): Promise<TargetNode>;
  /** What the nodes have counted so far; undefined where they do not count. */
  counts(): Promise<TargetCounts | undefined>;
  /** Resolves when all nodes have joined and every shard is allocated. */
  untilGreen(): Promise<void>;
}

export interface TargetNode {
  readonly name: string;
  readonly port: number;
  /** SIGSTOP */
  freeze(): void;
  /** SIGCONT */
  thaw(): void;
  /** SIGKILL */
  kill(): Promise<void>;
  /** Ends it like an operator: SIGTERM to a real node. A fixture node has no state to save: SIGKILL. */
  stop(): Promise<void>;
  /** Starts it again; resolves when it answers. */
  start(): Promise<void>;
  /** Sets how it answers searches from now on, also after a start. Fixture nodes only. */
  behave?(behaviour: Behaviour): Promise<void>;
}

export interface TargetCounts {
  /** Requests for the list of nodes, at all nodes. */
  readonly sniffs: number;
  /** Searches that have reached each node, by its port, whatever their outcome. */
  readonly searches: ReadonlyMap<number, number>;
}

/** What the handles of a fixture node and of a real node share. */
interface ProcessNode {
  readonly name: string;
  readonly port: number;
  pause(): void;
  resume(): void;
  kill(): Promise<void>;
}

export function handlesOf(node: ProcessNode): Pick<TargetNode, "name" | "port" | "freeze" | "thaw" | "kill"> {
  const { name, port } = node;
  return { name, port, freeze: () => node.pause(), thaw: () => node.resume(), kill: () => node.kill() };
}

export function lastOf(nodes: readonly TargetNode[]): TargetNode {
  const last = nodes.at(-1);
  if (last === undefined) throw new Error("a cluster without nodes");
  return last;
}
