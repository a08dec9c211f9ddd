import { compareVersions } from "@rollcall/core/view";
import type { Lease, SeenVersions } from "./view-store.js";

/**
 * What of `seen` this lease has not written, for people; undefined where there is nothing of that kind.
 *
 * Readers follow what is newer under the same epoch, whichever process has written it. A beat or a digest that is not
 * ours shows as well that another client has written.
 *
 * @param sent the newest that was sent under the lease, whether or not there was a reply
 */
export function foreignVersions(
  lease: Lease,
  sent: SeenVersions | undefined,
  { topology, marks, beat = 0, digests }: SeenVersions,
): string | undefined {
  for (const [what, seen] of [
    ["topology", topology],
    ["marks", marks],
  ] as const) {
    if (seen.epoch !== lease.epoch) continue;
    const own = sent?.[what] ?? { ...lease, sequence: 0 };
    if (compareVersions(seen, own) > 0) {
      return `readers have ${what} ${seen.sequence} of "${seen.leader}" under its epoch, and its own are ${own.sequence}`;
    }
    if (sent?.digests === undefined || compareVersions(seen, own) !== 0) continue;
    if (digests !== undefined && digests[what] !== sent.digests[what])
      return `readers have other ${what} ${seen.sequence} under its epoch than it has written`;
  }
  const isOurs = sent !== undefined && [topology, marks].every(({ epoch }) => epoch === lease.epoch);
  return isOurs && beat > (sent.beat ?? 0)
    ? `readers have beat ${beat} under its epoch, and its own is ${sent.beat}`
    : undefined;
}
