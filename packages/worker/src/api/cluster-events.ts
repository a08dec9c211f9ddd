import { Listeners, type Logger } from "@rollcall/core";
import { figure, penaltyText } from "@rollcall/core/selection";
import { sanitizeForLog } from "@rollcall/core/sniff";
import { addressOf, type Topology, type View } from "@rollcall/core/view";
import type { ClusterListener, KnownNode } from "../cluster-state/collaborators.js";
import { isServing, type NodeEvent } from "./node-status.js";
import type { PoolEmitter } from "./pool-events.js";

/** Turns changes of the nodes into the pool's log lines and events. */
export class ClusterEvents implements ClusterListener {
  /** What `ready` waits for may have come: a view, or a thread. */
  readonly progress = new Listeners<void>();
  private topology: Topology | undefined;
  /** Addresses of nodes that this process has ejected and not used again since. */
  private readonly ejected = new Set<string>();
  private isDegraded = false;

  constructor(
    private readonly emitter: PoolEmitter,
    private readonly logger: Logger,
  ) {}

  viewApplied({ topology }: View): void {
    this.progress.emit();
    const before = this.topology;
    this.topology = topology;
    if (before !== undefined && isSameList(before, topology)) return;
    this.emitter.emit("view", { nodes: topology.nodes.map(addressOf), source: topology.source });
  }

  /** Logs what this process decides: ejections and penalties. The leader logs what the view says. */
  nodeChanged(event: NodeEvent): void {
    const { address, name, from, to, reason } = event;
    const node = name === undefined ? address : `${sanitizeForLog(name)} (${address})`;
    if (to === "penalized") this.penalized(node, event);
    if (from === "penalized") this.penalizedNoLonger(node, event);
    if (to === "ejected") {
      this.ejected.add(address);
      this.logger.warn({ node, reason }, `node ${node} is ejected for this process: ${reason}`);
    } else if (to === "absent") this.ejected.delete(address);
    else if (isServing(to) && this.ejected.delete(address))
      this.logger.info({ node }, `node ${node} is used by this process again`);
    this.emitter.emit("node", event);
  }

  private penalized(node: string, { reason, penalty }: NodeEvent): void {
    const factor = figure(penalty?.factor ?? 1);
    this.logger.warn(
      { node, reason, ...penalty },
      `node ${node} is penalized by this process: ${reason}; it gets one request where another gets ${factor}`,
    );
  }

  private penalizedNoLonger(node: string, { to, penalty, penalizedForMs = 0 }: NodeEvent): void {
    const atWorst = penalty === undefined ? "" : `; at worst ${penaltyText(penalty)}`;
    this.logger.info(
      { node, to, forMs: penalizedForMs, ...penalty },
      `node ${node} is penalized no longer, after ${Math.round(penalizedForMs / 1_000)} s${atWorst}`,
    );
  }

  tableChanged(cluster: { nodes(): readonly KnownNode[] }): void {
    // A node that the configuration does not let this process use, as before `auth` has answered, is no sign of
    // trouble.
    const members = cluster.nodes().filter(({ tier, standing }) => tier === "node" && standing.state !== "unusable");
    const degraded = members.length > 0 && !members.some(({ standing }) => isServing(standing.state));
    if (degraded === this.isDegraded) return;
    this.isDegraded = degraded;
    const reason = degraded ? "no node is in use: all known ones are tried" : "a node is in use again";
    if (degraded) this.logger.error({ nodes: members.length }, reason);
    else this.logger.info({ nodes: members.length }, reason);
    this.emitter.emit("degraded", { degraded, reason });
  }
}

/** Names and roles may differ: only where requests may go counts. */
function isSameList(a: Topology, b: Topology): boolean {
  const addresses = new Set(a.nodes.map(addressOf));
  return (
    a.source === b.source &&
    a.nodes.length === b.nodes.length &&
    b.nodes.every((node) => addresses.has(addressOf(node)))
  );
}
