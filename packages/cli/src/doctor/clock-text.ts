import { durationText } from "../duration-text.js";

/** How far another clock is ahead of this machine's; `sameMs`: by less, it is the same as far as can be seen. */
export function clockText(aheadMs: number, sameMs: number): string {
  if (Math.abs(aheadMs) < sameMs) return "as here, to the second";
  return `${durationText(Math.abs(aheadMs))} ${aheadMs > 0 ? "ahead of" : "behind"} this machine`;
}
