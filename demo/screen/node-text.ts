import type { NodeEvent, NodeState } from "@rollcall/worker";
import { type Colour, cut, printable, timedLine } from "./format.js";

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

/** A narrow terminal has so many columns; the reason of a penalty may have more. */
const lineWidth = 80;

export function nodeEventLine({ name, address, from, to, reason }: NodeEvent, atMs: number): string {
  const node = printable(name ?? address);
  const change = from === "absent" ? `joins, ${to}` : to === "absent" ? "leaves" : `${from} -> ${to}`;
  const line = timedLine(atMs, `${node}: ${change}${reason === undefined ? "" : ` (${printable(reason)})`}`);
  return cut(line, lineWidth);
}
