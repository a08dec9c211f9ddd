import { durationText } from "../../duration-text.js";
import { nameList } from "../../name-list.js";
import type { Change } from "../change.js";
import type { Observations } from "../observations.js";

/** More than a second of rounding and a slow answer. */
const farMs = 30_000;

/** Clocks that differ: certificates and tokens are judged by them. */
export function clockChanges({ seeds, redis }: Observations): readonly Change[] {
  const examination = redis?.examination;
  const clocks = [
    ...seeds.map(({ url, answers }) => ({ place: url, aheadMs: answers?.clockAheadMs })),
    { place: "Redis", aheadMs: examination?.kind === "connected" ? examination.clockAheadMs : undefined },
  ].flatMap(({ place, aheadMs }) => (aheadMs === undefined ? [] : [{ place, aheadMs }]));
  const far = clocks.filter(({ aheadMs }) => Math.abs(aheadMs) >= farMs);
  if (far.length === 0) return [];
  const shown = far.map(({ place, aheadMs }) => {
    return `${place} is ${durationText(Math.abs(aheadMs))} ${aheadMs > 0 ? "ahead of" : "behind"} this machine`;
  });
  const isOurs = far.length > 1 && far.length === clocks.length;
  return [
    {
      ...{ cause: "clock", isFault: false, stopsAll: false },
      problem: `Clocks differ: ${nameList(shown)}.`,
      remedy: `${isOurs ? "The clock of this machine is the likely one to be wrong. " : ""}${remedy}`,
    },
  ];
}

const remedy =
  "Certificates, tokens and log lines go by these clocks: set them by NTP. A shared view goes by the clock of Redis alone.";
