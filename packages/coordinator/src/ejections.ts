import { type Logger, logEvent } from "@rollcall/core";
import { type Heartbeat, type HistoryNode, historyNode, nodeKey, type View } from "@rollcall/core/view";
import type { HistoryRecorder } from "./history-recorder.js";
import { labelOfNode, nodeFields } from "./transition-line.js";

export interface EjectionsParts {
  readonly logger: Logger;
  readonly history: Pick<HistoryRecorder, "record">;
  readonly isLeading: () => boolean;
  readonly view: () => View | undefined;
}

/**
 * Which replicas have ejected a node, from their heartbeats: one entry of the history when the first does, and one when
 * none does any longer. Only nodes of the view count, so their number is bounded.
 */
export class Ejections {
  /** The replicas, by the node's key. */
  private readonly byNode = new Map<string, Set<string>>();

  constructor(private readonly parts: EjectionsParts) {}

  heartbeat({ replica, ejected, avoids }: Heartbeat): void {
    for (const key of ejected) {
      const replicas = this.byNode.get(key);
      if (replicas !== undefined) {
        replicas.add(replica);
        continue;
      }
      const node = this.nodeOf(key);
      if (node === undefined) continue;
      this.byNode.set(key, new Set([replica]));
      const reason = avoids?.find((one) => one.node === key)?.reason;
      const why = reason === undefined ? "" : `: ${reason}`;
      this.note("replica.ejected-node", node, `node ${labelOfNode(node)} is ejected by replica ${replica}${why}`);
    }
    this.forget(replica, ejected);
  }

  /** The replica sends no heartbeat any more. */
  lost({ replica }: Heartbeat): void {
    this.forget(replica, []);
  }

  private forget(replica: string, except: readonly string[]): void {
    for (const [key, replicas] of this.byNode) {
      if (except.includes(key) || !replicas.delete(replica) || replicas.size > 0) continue;
      this.byNode.delete(key);
      const node = this.nodeOf(key);
      // A replica stops naming a node that the leader has marked down: that is no return.
      if (node === undefined || this.parts.view()?.marks.nodes[key]?.kind === "down") continue;
      this.note("replica.node-used-again", node, `node ${labelOfNode(node)} is ejected by no replica any more`);
    }
  }

  private nodeOf(key: string): HistoryNode | undefined {
    const record = this.parts.view()?.topology.nodes.find((node) => nodeKey(node) === key);
    return record === undefined ? undefined : historyNode(record);
  }

  private note(event: "replica.ejected-node" | "replica.node-used-again", node: HistoryNode, text: string): void {
    const { logger, history, isLeading } = this.parts;
    if (!isLeading()) return;
    logEvent(logger, event, nodeFields(node), text);
    history.record({ event, node, text });
  }
}
