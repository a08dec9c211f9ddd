import type { Random } from "../random.js";

/** How many processes are asked about one suspicion. */
const witnessesMax = 3;

/** Another process that is alive: it has told of itself lately, and it sends requests to nodes. */
export interface Peer {
  readonly replica: string;
  /** The nodes, by `nodeKey`, that it keeps away from by its own experience; not all of them where they are very many. */
  readonly ejected: readonly string[];
}

interface WitnessChoice {
  readonly replicas: readonly string[];
  /** Nobody else is alive: nobody could ever bear witness. */
  readonly isAlone: boolean;
}

/**
 * Whether a process is rather at fault itself than the node it speaks of: it keeps away from more than half of the other
 * nodes too. Its failures say nothing, while what it reaches is reached all the same.
 *
 * The node in question is not counted. Otherwise nobody could ever speak of the only node of a cluster, nor of the second
 * of three that died in one moment.
 */
export function isSelfSuspect({ ejected }: Peer, about: string, nodes: readonly string[]): boolean {
  const avoids = new Set(ejected);
  const others = nodes.filter((key) => key !== about);
  return others.filter((key) => avoids.has(key)).length > others.length / 2;
}

/**
 * Up to three of the processes that are alive, by chance: not those in `except`, nor any that is self-suspect.
 * `others` is everybody who is alive but ourselves.
 */
export function choosePeers(
  others: readonly Peer[],
  about: { readonly key: string; readonly nodes: readonly string[]; readonly except: readonly string[] },
  random: Random,
): WitnessChoice {
  const except = new Set(about.except);
  const left = others.filter(({ replica }) => !except.has(replica));
  const replicas: string[] = [];
  while (replicas.length < witnessesMax && left.length > 0) {
    const [drawn] = left.splice(Math.floor(random() * left.length), 1);
    if (drawn !== undefined && !isSelfSuspect(drawn, about.key, about.nodes)) replicas.push(drawn.replica);
  }
  return { replicas, isAlone: others.length === 0 };
}
