import { type LogEventName, logEvents, printable } from "@rollcall/core";
import type { HistoryReport } from "./history-report.js";
import type { Paint, Style } from "./text-layout.js";

const replicaShownLength = 8;
const uuid = /^[\da-f]{8}-[\da-f]{4}-/;

/** One line an entry, and one that counts them. Ends with a line break. */
export function showHistory(report: HistoryReport, paint: Paint): string {
  const { view, problem, entries, kept, sinceAt, isFull } = report;
  if (problem !== null) return `${problem}\n`;
  const width = Math.max(0, ...entries.map(({ event }) => event.length));
  const lines = entries.map(({ at, event, text, by }) => {
    const painted = paint(styleOf(event), printable(event.padEnd(width)));
    return `${at}  ${painted}  ${printable(text)}  by ${printable(shortBy(by))}`;
  });
  const gone = isFull ? "; what was before is not kept" : "";
  const count = `${entries.length} of ${kept} entries of the view ${view}, kept since ${sinceAt}${gone}`;
  return `${[...lines, paint("heading", count)].join("\n")}\n`;
}

function styleOf(event: string): Style {
  const level = Object.hasOwn(logEvents, event) ? logEvents[event as LogEventName].level : "info";
  return level === "error" ? "bad" : level === "warn" ? "caution" : "good";
}

/** The first part of a replica's id is enough to find it in a log. */
function shortBy(by: string): string {
  return uuid.test(by) ? by.slice(0, replicaShownLength) : by;
}
