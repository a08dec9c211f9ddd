import type { ControlRequestCounts } from "../cluster/demo-cluster.js";
import type { Totals } from "../load/tally.js";
import type { PhaseResult } from "../phases.js";
import { grouped, hundredths, printable, tenths } from "../screen/format.js";
import { conclusion, controlRequestText, failureLines, searchFigures } from "../screen/totals-text.js";

export interface FleetResult {
  readonly totals: Totals;
  readonly replicas: number;
  /** Of each replica. */
  readonly threads: number;
  /** Of the phases that ended. */
  readonly phases: readonly PhaseResult[];
  /** While the searches went on; absent where the nodes do not count requests. */
  readonly controlRequests?: ControlRequestCounts;
  /** Whether all phases ended. */
  readonly complete: boolean;
}

/** The figures, a row for each phase, the requests of the watching itself, and what they show. */
export function fleetSummary(result: FleetResult): string[] {
  const { totals, replicas, threads, phases, controlRequests, complete } = result;
  const cost = controlRequests && controlRequestText(controlRequests);
  return [
    searchFigures(totals),
    ...failureLines(totals),
    ...(phases.length === 0 ? [] : phaseTable(phases)),
    ...(cost === undefined ? [] : [`The cluster got ${cost} from ${replicas} replicas with ${threads} threads each.`]),
    conclusion(
      totals,
      complete ? "Every search was answered while the node, Redis or the coordinator was down." : undefined,
    ),
  ];
}

const targetWidth = "the coordinator".length;
const columnWidths = [13, 16, 8, 6];

function phaseTable(phases: readonly PhaseResult[]): string[] {
  const row = (target: string, ...cells: readonly string[]) =>
    [` ${target.padEnd(targetWidth)}`, ...cells.map((text, at) => text.padStart(columnWidths[at] ?? 0))].join("  ");
  return [
    row("killed", "all saw it in", "all recovered in", "searches", "failed"),
    ...phases.map(({ target, seenAfterMs, recoveredAfterMs, searches, failed }) =>
      row(printable(target), hundredths(seenAfterMs), tenths(recoveredAfterMs), grouped(searches), grouped(failed)),
    ),
  ];
}
