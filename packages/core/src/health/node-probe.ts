/**
 * What one probe on a new connection has shown.
 *
 *   reached       the node answers, whatever the answer is
 *   unreachable   no connection, or no answer in time
 *   foreign       a node of another cluster answers at the address
 *   void          nothing was shown: the configuration forbids the probe, this process was hardly running, or this
 *                 machine had no means left to probe
 */
export type ProbeResult =
  | { readonly kind: "reached" }
  | { readonly kind: "unreachable" | "foreign" | "void"; readonly reason: string };

/**
 * A probe that this process makes for its own purposes.
 *
 *   verify   a connection has failed for the first time, or the node was ejected just now: does it come from the node?
 *   trial    an ejection has been served: is the node back?
 *   stall    requests wait on the node without a byte: does it still answer?
 *   sign     Reads would be rerouted to the node if it gave a sign of life
 *   proof    a view that others could have written names the node: is it there?
 */
export type LocalProbe =
  | { readonly purpose: "verify" | "trial" | "sign" | "proof" }
  | { readonly purpose: "stall"; readonly number: number; readonly timeoutMs: number };

/** What follows from an event about one node. */
export type NodeEffect =
  /** What readers of the table are shown of the node has changed. Comes before all other effects. */
  | { readonly type: "changed" }
  /** Probe the node once on a new connection, and answer with `probed`. */
  | { readonly type: "probe"; readonly probe: LocalProbe }
  /** Report to the leader that the node fails this process. `probed`: a probe on a new connection has failed too. */
  | { readonly type: "report"; readonly reason: string; readonly probed: boolean }
  /** Reads that wait on stuck nodes may be rerouted now. */
  | { readonly type: "reroute" };

/**
 * What a failed probe lets this process report. A void one shows nothing; another cluster the leader sees for itself.
 */
export function reportOf(result: ProbeResult, reason: string): readonly NodeEffect[] {
  if (result.kind !== "unreachable" && result.kind !== "foreign") return [];
  return [{ type: "report", reason, probed: result.kind === "unreachable" }];
}
