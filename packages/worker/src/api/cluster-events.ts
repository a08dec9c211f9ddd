import { Listeners, type LogEventName, type Logger, logEvent, present } from "@rollcall/core";
import { figure, penaltyText } from "@rollcall/core/selection";
import { sanitizeForLog } from "@rollcall/core/sniff";
import { addressOf, type NodeRecord, type Topology, type View } from "@rollcall/core/view";
import type { ClusterListener, ShownCluster } from "../cluster-state/collaborators.js";
import { costText, hasCost, type IncidentCost, type IncidentMeter } from "../cluster-state/incident-cost.js";
import { isServing, type NodeEvent } from "./node-status.js";
import type { PoolEmitter } from "./pool-events.js";

/** Turns changes of the nodes into the pool's log lines and events. */
export class ClusterEvents implements ClusterListener {
  /** What `ready` waits for may have come: a view, or a thread. */
  readonly progress = new Listeners<void>();
  private topology: Topology | undefined;
  /** The nodes that have gone out of use and not come back since, by address. */
  private readonly away = new Map<string, { readonly cost: () => IncidentCost; wasEjected: boolean }>();
  /** The event of the line that says why no node is in use. */
  private degradedBy: LogEventName | undefined;

  constructor(
    private readonly emitter: PoolEmitter,
    private readonly logger: Logger,
    private readonly meter: IncidentMeter,
  ) {}

  viewApplied({ topology }: View): void {
    this.progress.emit();
    this.meter.sample();
    const before = this.topology;
    this.topology = topology;
    if (before !== undefined && isSameList(before, topology)) return;
    this.emitter.emit("view", { nodes: topology.nodes.map(addressOf), source: topology.source });
  }

  /** Logs what this process decides: ejections and penalties. The leader logs what the view says. */
  nodeChanged(event: NodeEvent): void {
    const { address, from, to, reason } = event;
    if (to === "penalized") this.penalized(event);
    if (from === "penalized") this.penalizedNoLonger(event);
    if (to === "ejected" || to === "down") this.goesAway(event);
    if (to === "ejected") this.log("node.ejected", event, { reason }, `is ejected for this process: ${reason}`);
    else if (to === "absent") this.away.delete(address);
    else if (isServing(to)) this.comesBack(event);
    this.emitter.emit("node", event);
  }

  private goesAway({ address, to }: NodeEvent): void {
    const incident = this.away.get(address) ?? { cost: this.meter.begin(), wasEjected: false };
    if (to === "ejected") incident.wasEjected = true;
    this.away.set(address, incident);
  }

  /** Closes the incident. Of a node that only the leader took out, and that cost nothing here, the leader's line is enough. */
  private comesBack(event: NodeEvent): void {
    const incident = this.away.get(event.address);
    if (incident === undefined) return;
    this.away.delete(event.address);
    const cost = incident.cost();
    if (!incident.wasEjected && !hasCost(cost)) return;
    this.log("node.used-again", event, { ...cost }, `is used by this process again, ${costText(cost)}`);
  }

  private penalized(event: NodeEvent): void {
    const { reason, penalty } = event;
    const factor = figure(penalty?.factor ?? 1);
    const words = `is penalized by this process: ${reason}; it gets one request where another gets ${factor}`;
    this.log("node.penalized", event, { reason, ...penalty }, words);
  }

  private penalizedNoLonger(event: NodeEvent): void {
    const { to, penalty, penalizedForMs = 0 } = event;
    const atWorst = penalty === undefined ? "" : `; at worst ${penaltyText(penalty)}`;
    const words = `is penalized no longer, after ${Math.round(penalizedForMs / 1_000)} s${atWorst}`;
    this.log("node.penalty-ended", event, { to, forMs: penalizedForMs, ...penalty }, words);
  }

  private log(event: LogEventName, { address, name }: NodeEvent, fields: object, words: string): void {
    const nodeName = name === undefined ? undefined : sanitizeForLog(name);
    const label = nodeName === undefined ? address : `${nodeName} (${address})`;
    logEvent(this.logger, event, { ...present({ node: address, nodeName }), ...fields }, `node ${label} ${words}`);
  }

  tableChanged(cluster: ShownCluster): void {
    const { selectionProblem, members } = cluster;
    const isNoneServing = members.usable > 0 && members.serving === 0;
    const by = selectionProblem !== undefined ? "selection.none-left" : isNoneServing ? "nodes.none-in-use" : undefined;
    if (by === this.degradedBy) return;
    this.degradedBy = by;
    const reason =
      selectionProblem ?? (isNoneServing ? "no node is in use: all known ones are tried" : "a node is in use again");
    logEvent(this.logger, by ?? "nodes.in-use-again", { nodes: members.usable }, reason);
    this.emitter.emit("degraded", { degraded: by !== undefined, reason });
  }
}

/** Names and roles may differ: only where requests may go counts. */
function isSameList(a: Topology, b: Topology): boolean {
  // At every beat of the view.
  if (a.nodes === b.nodes) return a.source === b.source;
  if (a.source !== b.source || a.nodes.length !== b.nodes.length) return false;
  const differ = b.nodes.filter((node, at) => !isSameAddress(node, a.nodes[at]));
  if (differ.length === 0) return true;
  const addresses = new Set(a.nodes.map(addressOf));
  return differ.every((node) => addresses.has(addressOf(node)));
}

function isSameAddress(a: NodeRecord, b: NodeRecord | undefined): boolean {
  return a.host === b?.host && a.port === b.port;
}
