import { present } from "@rollcall/core";
import { type MonitoredNode, publishedHealth } from "@rollcall/core/health";
import type { OperableNode } from "@rollcall/core/operations";
import { addressOf, type NodeRecord } from "@rollcall/core/view";

/** A node of the monitor, as operations are about it. */
export function operableNode(key: string, record: NodeRecord, node: MonitoredNode): OperableNode {
  const { id, name } = record;
  return { key, id, address: addressOf(record), ...present({ name }), standing: standingIn(publishedHealth(node)) };
}

function standingIn(health: ReturnType<typeof publishedHealth>): OperableNode["standing"] {
  switch (health.state) {
    case "healthy":
    case "slow-start":
      return "in use";
    case "down":
      return health.departedAtMs === undefined ? "down" : "departed";
    case "joining":
    case "unverified":
    case "draining":
    case "gone":
      return "waiting";
  }
}
