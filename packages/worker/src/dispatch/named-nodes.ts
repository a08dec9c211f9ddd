import { findNode } from "@rollcall/core/operations";
import { nodeKey, partsOfAddress } from "@rollcall/core/view";
import type { Target } from "./target.js";

/** More names than a cluster has nodes are mostly one name in several spellings. */
const rememberedMax = 1_024;

/** Finds the node that a request names: by what `findNode` accepts, else by an address that it had before. */
export class NamedNodes {
  private list: readonly Target[] = [];
  /** By the name as it was given. */
  private readonly found = new Map<string, Target>();

  /** A text says why there is none. */
  find(name: string, targets: readonly Target[]): Target | string {
    if (targets !== this.list) {
      this.list = targets;
      this.found.clear();
    }
    const before = this.found.get(name);
    if (before !== undefined) return before;
    const target = search(name, targets);
    if (typeof target === "string") return target;
    if (this.found.size >= rememberedMax) this.found.clear();
    this.found.set(name, target);
    return target;
  }

  /** Where the node is now that has left its address, as far as it is listed there. */
  successorOf({ slot, names }: Target, targets: readonly Target[]): Target | undefined {
    if (names === undefined || names.id === "") return undefined;
    return targets.find((one) => one.slot !== slot && one.names?.id === names.id);
  }
}

function search(name: string, targets: readonly Target[]): Target | string {
  // A configured address stays in the list when its node has left it: the node comes first.
  const answered = targets.filter(({ names }) => names !== undefined);
  const found = findNode(name, answered.map(nameable));
  if ("node" in found) return found.node.target;
  const moved = answered.filter(({ names }) => names?.formerAddresses.includes(name) === true);
  const [only] = moved;
  if (moved.length === 1 && only !== undefined) return only;
  const configured = findNode(name, targets.map(nameable));
  return "node" in configured ? configured.node.target : configured.problem;
}

function nameable(target: Target) {
  const { address } = target.endpoint;
  const { id = "", name } = target.names ?? {};
  const key = nodeKey({ id, ...partsOfAddress(address) });
  return { target, key, id, address, ...(name === undefined ? {} : { name }) };
}
