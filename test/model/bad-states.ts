import { leaseMs } from "@rollcall/core/election";
import { compareVersions, type Head, isCredibleEpoch, type PartialView } from "@rollcall/core/view";
import type { Lease } from "#coordinator/store/view-store";
import { headIn } from "./process.js";
import { redisNowMs } from "./redis.js";
import type { Command, World } from "./state.js";

/** What must never happen. Each function gives it in words, or undefined. */

/** `before`: the head that was there. `answer`: of Redis to this command, which it has carried out in `world`. */
export function badWrite(
  world: World,
  before: Head | undefined,
  command: Command,
  answer: string | number | null,
): string | undefined {
  if (command.kind !== "publish" && command.kind !== "renew") return undefined;
  const isShown = command.kind === "publish" ? answer === "published" : answer === "kept" && command.head !== undefined;
  const shown = isShown ? headIn(world) : undefined;
  if (shown === undefined) return undefined;
  const { lease } = command;
  const { authors, granted } = world;
  // What no clock can have made yet, a leader that went above a forged epoch has published: readers do not believe it.
  const isBelieved = before !== undefined && isCredibleEpoch(before.marks.epoch, redisNowMs(world));
  const wasOurs = isBelieved && authors.get(nameOf(before)) === before.marks.leader;
  if (wasOurs && compareVersions(shown.marks, before.marks) < 0) {
    return `the old leader ${lease.leader} overwrites the newer view of ${before.marks.leader}`;
  }
  const author = authors.get(nameOf(shown));
  if (author !== undefined && author !== lease.leader) {
    return `${author} and ${lease.leader} have both published under the same epoch and sequence`;
  }
  if (command.kind === "publish") world.authors = new Map([...authors, [nameOf(shown), lease.leader]]);
  if (granted === undefined || isSame(granted, lease)) return undefined;
  return `${lease.leader} publishes although ${granted.leader} has taken the lease since`;
}

export function ledTooLong({ processes, nowMs }: World): string | undefined {
  const late = processes.find(
    ({ candidate, isRunning }) => isRunning && candidate.state === "leading" && nowMs - candidate.goodAtMs >= leaseMs,
  );
  return late === undefined ? undefined : `${late.name} still leads although its lease can be another's by now`;
}

export function readerWentBack(before: PartialView, world: World): string | undefined {
  const { marks } = before;
  const { marks: after } = world.reader;
  if (marks === undefined || after === undefined || !isCredibleEpoch(marks.version.epoch, redisNowMs(world))) {
    return undefined;
  }
  return compareVersions(after.version, marks.version) < 0 ? "the reader goes back to an older view" : undefined;
}

function nameOf({ marks }: Head): string {
  return `${marks.epoch}/${marks.sequence}`;
}

function isSame(one: Lease, other: Lease): boolean {
  return one.epoch === other.epoch && one.leader === other.leader;
}
