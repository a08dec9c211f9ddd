import { present } from "@rollcall/core";
import { findNode } from "@rollcall/core/operations";
import { sanitizeForLog } from "@rollcall/core/sniff";
import type { Heartbeat } from "@rollcall/core/view";
import type { NodeFinding } from "../findings.js";
import { type HistoryReport, reportHistory } from "../history-report.js";
import type { ViewSnapshot } from "../read-snapshot.js";
import { type NodeReport, reportStatus, type StatusReport } from "../status-report.js";
import { type TrafficOfNode, trafficOfNodes } from "../traffic-report.js";
import { type Answer, answerFor } from "./answer.js";

/** What one replica does with the node. */
export interface ReplicaOnNode extends Pick<Heartbeat, "replica" | "host" | "pid" | "role" | "freshness"> {
  readonly isLeading: boolean;
  /**
   * Its own decision. "follows": none, so the mark of the view counts. "refutes": it goes on using a node that the view
   * marks down. "observes": it has no pool, and sends no requests.
   */
  readonly decision: "follows" | "ejected" | "penalized" | "unusable" | "refutes" | "observes";
  readonly reason: string | null;
  readonly forMs: number | null;
  /** Of a penalized node: it gets one request where another gets so many. */
  readonly factor: number | null;
  /** What it sends; `share` is of its own requests. Null where it has not counted for a while, or counted other nodes. */
  readonly traffic: TrafficOfNode | null;
}

/** Everything that bears on one node of a view, at one moment. */
export interface Explanation {
  readonly answer: Answer;
  readonly view: Pick<StatusReport, "name" | "state" | "atMs"> & Pick<NonNullable<StatusReport["view"]>, "pause">;
  readonly node: NodeReport;
  /** The part of all requests that each node in use would get if all got the same, from 0 to 1. */
  readonly equalShare: number;
  /** Those that send it less first. */
  readonly replicas: readonly ReplicaOnNode[];
  /** What a sniff and a probe from this machine show; null where none was made, or the cluster does not list it. */
  readonly fromHere: NodeFinding | null;
  /** What has happened to it, oldest first. */
  readonly history: HistoryReport["entries"];
}

export type Explained = Explanation | { readonly problem: string };

/**
 * Explains the node that `text` means, or says why it cannot: no view, or no such node.
 *
 * @param listed what a sniff from this machine found, if one was made
 */
export function explainNode(text: string, snapshot: ViewSnapshot, listed: readonly NodeFinding[] = []): Explained {
  const { status } = snapshot;
  const report = reportStatus(status);
  const { view, nodes, name, state, atMs, summary } = report;
  if (view === null || atMs === null) {
    const [warning] = status.warnings;
    return { problem: warning === undefined ? summary : `${summary} (${warning})` };
  }
  const found = findReported(text, nodes);
  if ("problem" in found) {
    const unused = listed.find(({ id, name, address, published }) =>
      [id, name, address, published].includes(text.trim()),
    );
    return unused === undefined
      ? found
      : { problem: `${unused.name ?? unused.id} is not in the view: ${unused.reason}` };
  }
  const { node } = found;
  const replicas = status.heartbeats.map((heartbeat) => replicaOnNode(heartbeat, node.key)).sort(lessFirst);
  const inUse = nodes.filter(({ isInUse }) => isInUse).length;
  const fromHere = listed.find(({ id }) => id === node.id) ?? null;
  const asked = { view: name, nowMs: atMs, sinceMs: undefined, node: node.key };
  const history = reportHistory(snapshot.history, asked).entries;
  const facts = {
    view: { name, state, atMs, pause: view.pause },
    node,
    equalShare: 1 / Math.max(1, inUse),
    replicas,
    fromHere,
    history,
  };
  return { answer: answerFor(facts), ...facts };
}

function findReported(
  text: string,
  nodes: readonly NodeReport[],
): { readonly node: NodeReport } | { readonly problem: string } {
  const named = nodes.map((report) => ({ ...present({ ...report, name: report.name ?? undefined }), report }));
  const found = findNode(text, named);
  if ("node" in found) return { node: found.node.report };
  // What is called a node may be a URL with a password.
  return { problem: found.problem.replaceAll(text.trim(), sanitizeForLog(text.trim())) };
}

function replicaOnNode(heartbeat: Heartbeat, key: string): ReplicaOnNode {
  const { replica, host, pid, role, freshness, leading, avoids = [], ejected, refutes = [] } = heartbeat;
  const known = { replica, host, pid, role, freshness, isLeading: leading };
  const traffic = trafficOfNodes([heartbeat]).get(key) ?? null;
  const none = { ...known, reason: null, forMs: null, factor: null, traffic };
  const avoided = avoids.find(({ node }) => node === key);
  if (avoided !== undefined) {
    const { state, reason, forMs, factor = null } = avoided;
    return { ...known, decision: state, reason, forMs: state === "unusable" ? null : forMs, factor, traffic };
  }
  if (role === "coordinator") return { ...none, decision: "observes" };
  if (ejected.includes(key)) return { ...none, decision: "ejected" };
  return { ...none, decision: refutes.includes(key) ? "refutes" : "follows" };
}

const order = ["unusable", "ejected", "penalized", "refutes", "follows", "observes"] as const;

function lessFirst(a: ReplicaOnNode, b: ReplicaOnNode): number {
  return (
    order.indexOf(a.decision) - order.indexOf(b.decision) ||
    (b.factor ?? 0) - (a.factor ?? 0) ||
    natural.compare(a.host, b.host) ||
    a.pid - b.pid
  );
}

/** `app9` before `app10`. */
const natural = new Intl.Collator("en", { numeric: true });
