import type { ThreadHeartbeat, Version } from "@rollcall/core/view";
import { counted, tenths } from "../screen/format.js";
import type { ViewReport } from "./replica-messages.js";

/** The age of a replica's view, and how far behind it each thread is, in words. */

export function viewText({ freshness, ageMs, version }: ViewReport): string {
  const age = Number.isFinite(ageMs) ? `${tenths(Math.max(0, ageMs))} old` : "no leader yet";
  return `${freshness}, ${age}, ${versionText(version)}`;
}

export function threadText({ calls, topology }: ThreadHeartbeat, view: ViewReport | undefined): string {
  return `${counted(calls, "call")}, ${lagText(topology, view?.version)}`;
}

/** Whether the thread dispatches by the view of its process. */
export function isUpToDate({ state, topology }: ThreadHeartbeat, view: ViewReport | undefined): boolean {
  return state === "well" && topology !== undefined && lagText(topology, view?.version) === versionText(topology);
}

function lagText(own: Version | undefined, newest: Version | undefined): string {
  if (own === undefined) return "no view yet";
  if (newest === undefined) return versionText(own);
  if (own.epoch !== newest.epoch || own.leader !== newest.leader) return "from an earlier leader";
  const behind = newest.sequence - own.sequence;
  return behind <= 0 ? versionText(own) : `${behind} behind`;
}

/** Only the sequence, which starts anew with each leader: an epoch has 16 digits. */
function versionText({ sequence }: Version): string {
  return `version ${sequence}`;
}
