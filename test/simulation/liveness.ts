import { compareVersions, nodeKey } from "@rollcall/core/view";
import type { Simulation } from "./simulation.js";

/** A list of nodes is fetched by each reader some time after it was announced. */
const fetchedWithinMs = 1_500;

/**
 * L1  Some time after the last fault every reader follows the leader.
 * L4  There is one leader.
 */
export function checkFollowing({ leaders, replicas, invariants, world }: Simulation): void {
  const [leader, another] = leaders;
  if (leader === undefined) return invariants.violated("L4", "no process leads");
  if (another !== undefined) {
    return invariants.violated("L4", `${leader.name} and ${another.name} both lead`);
  }
  const views = replicas.map(({ process, view }) => ({ name: process.name, view }));
  for (const { name, view } of views) {
    const followed = view?.topology.version.leader;
    if (followed === leader.name) continue;
    invariants.violated("L1", `${name} follows ${followed ?? "no leader"}, while ${leader.name} leads`);
  }
  if (world.nowMs() - invariants.judge.lastPublishedMs < fetchedWithinMs) return;
  const [first, ...others] = views;
  for (const { name, view } of others) {
    if (first?.view === undefined || view === undefined) continue;
    const isSame =
      compareVersions(view.topology.version, first.view.topology.version) === 0 &&
      compareVersions(view.marks.version, first.view.marks.version) === 0;
    if (!isSame) invariants.violated("L1", `${name} and ${first.name} have different views`);
  }
}

/** L3: a node that has been well for long enough is healthy, for every process. */
export function checkAllIsWell(simulation: Simulation): void {
  checkFollowing(simulation);
  const { replicas, cluster, invariants } = simulation;
  for (const replica of replicas) {
    const { process } = replica;
    const standings = new Map(replica.nodes().map(({ record, standing }) => [nodeKey(record), standing]));
    for (const { key } of cluster.nodes) {
      const state = standings.get(key)?.state ?? "unknown";
      if (state !== "healthy")
        invariants.violated("L3", `${key} has long been well, but is ${state} for ${process.name}`);
    }
  }
}
