import type { Target } from "../dispatch/target.js";
import type { NewTargets, TargetsPart } from "./messages.js";

/** Joins the parts of each list of targets. */
export class JoinedTargets {
  private targets: Target[] = [];

  /** The whole list, if this is its last part. */
  add({ topology, targets, from, total }: TargetsPart): NewTargets | undefined {
    if (from === 0) this.targets = [];
    // The beginning was posted before this thread was there: the whole follows.
    if (from !== this.targets.length) return undefined;
    this.targets.push(...targets);
    return this.targets.length < total ? undefined : { topology, targets: this.targets };
  }
}
