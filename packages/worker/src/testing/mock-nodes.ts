import { present, RollcallError } from "@rollcall/core";
import type { RedactedConfig, Seed } from "@rollcall/core/config";
import { findNode } from "@rollcall/core/operations";
import { addressOf } from "@rollcall/core/view";
import { isServing, type NodeState, type NodeStatus } from "../api/node-status.js";
import type { PoolEmitter } from "../api/pool-events.js";

export interface MockNode {
  readonly address: string;
  readonly url: string;
  readonly name: string;
  readonly traffic: { inFlight: number; requests: number; answers: number; failures: number; errorStatuses: number };
  state: NodeState;
  reason: string | undefined;
}

const states: Readonly<Record<NodeState, true>> = {
  unverified: true,
  healthy: true,
  penalized: true,
  "slow-start": true,
  draining: true,
  down: true,
  ejected: true,
  unusable: true,
};

/** The configured nodes, each in the state that the test gives it: healthy at the start. */
export class MockNodes {
  private readonly nodes: readonly [MockNode, ...MockNode[]];
  private isDegraded = false;

  constructor(
    seeds: readonly Seed[],
    shown: RedactedConfig["seeds"],
    private readonly emitter: PoolEmitter,
  ) {
    const [first, ...others] = seeds.map(
      (seed, at): MockNode => ({
        address: addressOf(seed),
        url: shown[at]?.url ?? "",
        name: `mock-${at + 1}`,
        traffic: { inFlight: 0, requests: 0, answers: 0, failures: 0, errorStatuses: 0 },
        state: "healthy",
        reason: undefined,
      }),
    );
    if (first === undefined) throw new RollcallError("CONFIG", "nodes: at least one");
    this.nodes = [first, ...others];
  }

  /** The first node that serves, or the first of all: an answer that is declared comes in any case. */
  get answering(): MockNode {
    return this.nodes.find(({ state }) => isServing(state)) ?? this.nodes[0];
  }

  /** The node that a request names; or why there is none. */
  byName(name: string): MockNode | string {
    const found = findNode(
      name,
      this.nodes.map((node) => ({ key: "", id: "", address: node.address, name: node.name, node })),
    );
    return "node" in found ? found.node.node : found.problem;
  }

  /** @throws {RollcallError} `CONFIG` for an address that is not configured, and for what is no state */
  set(address: string, to: NodeState, reason: string | undefined): void {
    const node = this.nodes.find((one) => one.address === address);
    if (node === undefined) {
      const known = this.nodes.map((one) => one.address).join(", ");
      throw new RollcallError("CONFIG", `setNode(${JSON.stringify(address)}): no such node; there are ${known}`);
    }
    if (states[to] === undefined) {
      throw new RollcallError("CONFIG", `setNode: the state must be one of ${Object.keys(states).join(", ")}`);
    }
    const from = node.state;
    node.state = to;
    node.reason = reason;
    if (from === to) return;
    this.emitter.emit("node", { address, name: node.name, from, to, ...present({ reason }) });
    const degraded = !this.nodes.some((one) => isServing(one.state));
    if (degraded === this.isDegraded) return;
    this.isDegraded = degraded;
    this.emitter.emit("degraded", { degraded, reason: degraded ? "no node is in use" : "a node is in use again" });
  }

  statuses(): NodeStatus[] {
    return this.nodes.map(({ address, url, name, traffic, state, reason }) => ({
      ...{ address, url, name, tier: "node", state },
      ...present({ reason }),
      ...{ openSockets: 0, connects: 0, connectMs: 0, ...traffic },
    }));
  }
}
