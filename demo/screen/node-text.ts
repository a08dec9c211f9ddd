import type { NodeEvent, NodeState } from "@rollcall/worker";
import { type Colour, printable, timedLine } from "./format.js";

export const stateWidth = "slow-start".length;

export const stateColours: Readonly<Record<NodeState, Colour>> = {
  unverified: "yellow",
  healthy: "green",
  penalized: "yellow",
  "slow-start": "yellow",
  draining: "yellow",
  down: "red",
  ejected: "red",
  unusable: "red",
};

export function nodeEventLine({ name, address, from, to, reason }: NodeEvent, atMs: number): string {
  const node = printable(name ?? address);
  const change = from === "absent" ? `joins, ${to}` : to === "absent" ? "leaves" : `${from} -> ${to}`;
  return timedLine(atMs, `${node}: ${change}${reason === undefined ? "" : ` (${printable(reason)})`}`);
}
