import { present } from "@rollcall/core";
import type { NodePenalty } from "@rollcall/core/selection";

// A penalty in two words: its factor in hundredths, and its causes.
//
//   bits 0-15  timesSlower, in tenths      bits 16-22  refused, in percent, at least 1
//   bits 23-29 late, in percent, at least 1           bits 30-31 refusedStatus, by its place below
//
// 0 in any of the first three: that is no cause.

const statuses: readonly number[] = [429, 502, 503, 504];
const tenthsMax = 0xffff;

export function packFactor(factor: number): number {
  return Math.min(0x7fff_ffff, Math.round(factor * 100));
}

export function packCause(penalty: NodePenalty | undefined): number {
  if (penalty === undefined) return 0;
  const { timesSlower = 0, refused, refusedStatus, late } = penalty;
  const slower = Math.min(tenthsMax, Math.round(timesSlower * 10));
  const status = refusedStatus === undefined ? 0 : Math.max(0, statuses.indexOf(refusedStatus));
  return slower | (percentOf(refused) << 16) | (percentOf(late) << 23) | (status << 30);
}

/** Undefined where the thread has not compared the node. */
export function unpackPenalty(factorWord: number, cause: number): NodePenalty | undefined {
  if (factorWord === 0) return undefined;
  const [slower, refused, late] = [cause & tenthsMax, (cause >>> 16) & 127, (cause >>> 23) & 127];
  return present({
    factor: factorWord / 100,
    timesSlower: slower === 0 ? undefined : slower / 10,
    refused: refused === 0 ? undefined : refused / 100,
    refusedStatus: refused === 0 ? undefined : statuses[cause >>> 30],
    late: late === 0 ? undefined : late / 100,
  });
}

function percentOf(part: number | undefined): number {
  return part === undefined ? 0 : Math.min(100, Math.max(1, Math.round(part * 100)));
}
