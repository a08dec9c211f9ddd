import type { ControlRequestCounts } from "../cluster/demo-cluster.js";
import type { Totals } from "../load/tally.js";
import { counted, grouped, hundredths, printable, timedLine } from "./format.js";

export function searchCounts({ searches, failed }: Totals): string {
  return `${grouped(searches)} searches, ${grouped(failed)} failed`;
}

/** The result of all searches, on one line. */
export function searchFigures(totals: Totals): string {
  return `${searchCounts(totals)}, slowest ${hundredths(totals.slowestMs)}`;
}

export function controlRequestText({ sniffs, probes }: ControlRequestCounts): string {
  return `${counted(sniffs, "sniff")} and ${counted(probes, "probe")}`;
}

/** The first failures, and how many more there were. */
export function failureLines({ failed, firstFailures }: Totals): string[] {
  const more = failed - firstFailures.length;
  return [
    ...firstFailures.map(({ atMs, code, message }) => timedLine(atMs, `failed: ${code}: ${printable(message)}`)),
    ...(more > 0 ? [`          and ${grouped(more)} more`] : []),
  ];
}

/** What the searches show; `success` for a run in which all came about that was to be shown. */
export function conclusion({ searches, failed }: Totals, success: string | undefined): string {
  if (searches === 0) return "No search was sent, so the run shows nothing.";
  if (failed > 0) return "Some callers saw an error. With the other nodes healthy, none should have.";
  return success ?? "Every search was answered.";
}
