import { jsonText } from "../json-text.js";
import type { Change } from "./change.js";
import type { DoctorVerdict } from "./doctor-verdict.js";
import type { Observations } from "./observations.js";

/**
 * What `rollcall doctor --json` writes: `{ isWell, verdict, changes, …Observations }`. A later release may add fields,
 * causes and words; the texts of `verdict`, `problem` and `remedy` may change. Ends with a line break.
 */
export function doctorReport(
  observations: Observations,
  changes: readonly Change[],
  { exitCode, text }: DoctorVerdict,
): string {
  return jsonText({ isWell: exitCode === 0, verdict: text, changes, ...observations });
}
