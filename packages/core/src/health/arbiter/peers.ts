import type { Random } from "../../random.js";

/** How many processes are asked about one suspicion. */
const peersMax = 3;

/** Another process that is alive: its heartbeat is recent, and it sends requests to nodes. */
export interface Peer {
  readonly replica: string;
  /** The nodes, by `nodeKey`, that this process has ejected; a heartbeat names a limited number of them. */
  readonly ejected: readonly string[];
  /** Among others, the nodes that its configuration keeps it from: it cannot probe those. */
  readonly avoids?: readonly { readonly node: string; readonly state: string }[];
}

/** The published nodes, by `nodeKey`. A `ReadonlySet` is one. */
export interface NodeKeys {
  readonly size: number;
  has(key: string): boolean;
}

interface PeerChoice {
  readonly replicas: readonly string[];
  /** No other process is alive that may probe the node, so no peer can confirm anything. */
  readonly isAlone: boolean;
}

/**
 * Whether a process is more likely at fault than the node it reports: it has ejected more than half of the other nodes.
 * Its failures are then no evidence; its successes still are.
 *
 * The node in question does not count. Otherwise no process could report the only node of a cluster, nor the second of
 * three that died at one moment.
 */
export function isSelfSuspect({ ejected }: Peer, about: string, nodes: NodeKeys): boolean {
  const others = nodes.size - (nodes.has(about) ? 1 : 0);
  const ejectedOthers = new Set(ejected.filter((key) => key !== about && nodes.has(key)));
  return ejectedOthers.size > others / 2;
}

/**
 * Up to three of the live processes at random: neither those in `except`, nor any that is self-suspect, nor one whose
 * configuration keeps it from the node. `others` are all
 * live processes but this one.
 */
export function choosePeers(
  others: readonly Peer[],
  about: { readonly key: string; readonly nodes: NodeKeys; readonly except: readonly string[] },
  random: Random,
): PeerChoice {
  const except = new Set(about.except);
  const able = others.filter((other) => !isKeptFrom(other, about.key));
  const candidates = able.filter(({ replica }) => !except.has(replica));
  const replicas: string[] = [];
  while (replicas.length < peersMax && candidates.length > 0) {
    const [drawn] = candidates.splice(Math.floor(random() * candidates.length), 1);
    if (drawn !== undefined && !isSelfSuspect(drawn, about.key, about.nodes)) replicas.push(drawn.replica);
  }
  return { replicas, isAlone: able.length === 0 };
}

function isKeptFrom({ avoids = [] }: Peer, key: string): boolean {
  return avoids.some(({ node, state }) => node === key && state === "unusable");
}
