import { compareVersions, type Head } from "@rollcall/core/view";
import type { Lease, Publication } from "./view-store.js";

/**
 * Checks that every document that the head names is in the publication, or was published under the same lease.
 *
 * @param published the head that was last published under this lease, if any
 * @throws TypeError if not: a defect of the caller
 */
export function checkPublication(
  lease: Lease,
  { head, topology, marks }: Publication,
  published: Pick<Head, "topology" | "marks"> | undefined,
): void {
  const first = published === undefined && (topology === undefined || marks === undefined);
  if (first) throw new TypeError("a lease's first publication must contain both documents");
  const versions = [
    ["topology", head.topology, topology?.version ?? published?.topology],
    ["marks", head.marks, marks?.version ?? published?.marks],
  ] as const;
  for (const [what, named, there] of versions) {
    if (named.epoch !== lease.epoch || named.leader !== lease.leader) {
      throw new TypeError(`the head names ${what} of another lease`);
    }
    if (there === undefined || compareVersions(named, there) !== 0) {
      throw new TypeError(`the head names ${what} that are neither in the publication nor published`);
    }
  }
}
