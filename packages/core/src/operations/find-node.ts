import { nearestName } from "../config/nearest-name.js";
import { printable } from "../printable.js";
import { partsOfAddress } from "../view/node-record.js";

/** By what a person may call a node. */
export interface NamedNode {
  /** By `nodeKey`. */
  readonly key: string;
  /** "" if it is not known. */
  readonly id: string;
  /** `host:port`. */
  readonly address: string;
  readonly name?: string;
}

/** A node that an operation may be about. */
export interface OperableNode extends NamedNode {
  /**
   * in use    requests go to it: healthy, or in slow start
   * waiting   it has not answered yet, or leaves the cluster
   * down      marked down
   * departed  marked down, and not listed by the cluster any more
   * unlisted  not among the nodes of the view; there is a drain for it
   */
  readonly standing: "in use" | "waiting" | "down" | "departed" | "unlisted";
}

export type FoundNode<Node extends NamedNode> = { readonly node: Node } | { readonly problem: string };

/** How many nodes a problem names. */
const namedMax = 5;

/** The node that a person means by this: its name, its address, its host where that is enough, its id or its key. */
export function findNode<Node extends NamedNode>(text: string, nodes: readonly Node[]): FoundNode<Node> {
  const wanted = text.trim();
  for (const means of meanings) {
    const found = nodes.filter((node) => means(node, wanted));
    const [only] = found;
    if (found.length === 1 && only !== undefined) return { node: only };
    if (found.length > 1) return { problem: `${wanted} means ${found.length} nodes: ${listed(found)}; say which` };
  }
  if (nodes.length === 0) return { problem: `no node is called ${wanted}: the view has none` };
  const near = nearestName(
    wanted,
    nodes.flatMap(({ name, address }) => [...(name === undefined ? [] : [name]), address]),
  );
  const nearest = near === undefined ? "" : ` (nearest: ${near})`;
  return { problem: `no node is called ${wanted}${nearest}; the nodes are ${listed(nodes)}` };
}

/** The name and the address of a node, for people. */
export function operableLabel({ name, address }: Pick<NamedNode, "name" | "address">): string {
  return printable(name === undefined ? address : `${name} (${address})`);
}

const meanings: readonly ((node: NamedNode, wanted: string) => boolean)[] = [
  ({ key, id, address, name }, wanted) => [key, address, name].includes(wanted) || (id !== "" && id === wanted),
  ({ address, name }, wanted) => [address, name?.toLowerCase()].includes(wanted.toLowerCase()),
  ({ address }, wanted) => partsOfAddress(address).host === wanted.toLowerCase().replace(/^\[(.*)\]$/, "$1"),
];

function listed(nodes: readonly NamedNode[]): string {
  const more = nodes.length - namedMax;
  return `${nodes.slice(0, namedMax).map(operableLabel).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
