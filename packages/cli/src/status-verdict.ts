import { nameList } from "./name-list.js";
import type { NodeReport, StatusReport } from "./status-report.js";

/** What may be wrong with a view, the worst first. */
export const troubleKinds = ["view", "no-node", "down", "draining"] as const;
export type TroubleKind = (typeof troubleKinds)[number];

/** What is wrong, for people and, by its kind, for scripts. */
export interface Trouble {
  readonly kind: TroubleKind;
  readonly text: string;
}

/** "failing": the view cannot be relied on, or no node serves. "degraded": all is served, by fewer nodes. */
export type Health = "well" | "degraded" | "failing";

/** Everything that is wrong, the worst first. A node that an operator drains is not, whether or not it is down too. */
export function troublesOf({ state, view, nodes }: Pick<StatusReport, "state" | "view" | "nodes">): readonly Trouble[] {
  const isServed = nodes.some(({ isInUse }) => isInUse);
  const named = (wanted: NodeReport["state"]) =>
    nodes.filter((node) => node.state === wanted && node.drain === null).map(({ name, address }) => name ?? address);
  const [down, draining] = [named("down"), named("draining")];
  return [
    ...(state === "fresh" ? [] : [{ kind: "view", text: `the view is not fresh: ${state}` } as const]),
    ...(view === null || isServed ? [] : [{ kind: "no-node", text: "no node is healthy" } as const]),
    ...(down.length === 0 ? [] : [{ kind: "down", text: `down: ${nameList(down)}` } as const]),
    ...(draining.length === 0 ? [] : [{ kind: "draining", text: `draining: ${nameList(draining)}` } as const]),
  ];
}

/** By the troubles of these kinds alone. */
export function healthOf(troubles: readonly Trouble[], failOn: readonly TroubleKind[] = troubleKinds): Health {
  const counted = troubles.filter(({ kind }) => failOn.includes(kind));
  if (counted.some(({ kind }) => kind === "view" || kind === "no-node")) return "failing";
  return counted.length > 0 ? "degraded" : "well";
}
