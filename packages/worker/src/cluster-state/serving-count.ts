import { isServing } from "../api/node-status.js";
import type { NodeEntry } from "./node-entry.js";

type Standing = NodeEntry["announced"];
type Counted = "no" | "usable" | "serving";

/**
 * Counts the listed nodes that this process may use, and those of them that get requests, as their standings change. A
 * node that the configuration does not let this process use, as before `auth` has answered, is no sign of trouble.
 */
export class ServingCount {
  usable = 0;
  serving = 0;
  private readonly counted = new Map<number, Counted>();

  /** To be called whenever the node of a slot is announced, whether or not its standing is another. */
  note({ slot, row }: Pick<NodeEntry, "slot" | "row">, standing: Standing): void {
    const isMember = row.tier === "node" && standing !== "absent" && standing !== "unusable";
    const now: Counted = !isMember ? "no" : isServing(standing) ? "serving" : "usable";
    this.add(this.counted.get(slot) ?? "no", -1);
    this.add(now, 1);
    if (now === "no") this.counted.delete(slot);
    else this.counted.set(slot, now);
  }

  private add(counted: Counted, change: 1 | -1): void {
    if (counted !== "no") this.usable += change;
    if (counted === "serving") this.serving += change;
  }
}
