import { exitCodes } from "../exit-codes.js";
import type { Change } from "./change.js";
import type { Observations } from "./observations.js";

export interface DoctorVerdict {
  readonly exitCode: number;
  /** One sentence, for people. */
  readonly text: string;
}

/** What all of it comes to. */
export function judgeObservations({ seeds, findings, end }: Observations, changes: readonly Change[]): DoctorVerdict {
  const found = findings.seeds;
  const isSilent = found.length === seeds.length && found.every(({ outcome }) => outcome === "unreachable");
  if (isSilent) {
    return { exitCode: exitCodes.noAnswer, text: "No configured node answers: a pool could not serve anything." };
  }
  const faults = changes.filter(({ isFault }) => isFault).length;
  if (faults > 0) {
    const text = faults === 1 ? "One thing is wrong." : `${faults} things are wrong.`;
    return { exitCode: exitCodes.failure, text: `${text} The most likely cause is the first below.` };
  }
  if (end !== "complete") {
    const why = end === "late" ? "the time was over" : "it was interrupted";
    return { exitCode: exitCodes.failure, text: `Nothing wrong was found before ${why}; not all was looked at.` };
  }
  return { exitCode: exitCodes.success, text: "All is well: a pool with this configuration works from here." };
}
