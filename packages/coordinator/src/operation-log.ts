import { type LogEventName, type Logger, logEvent, present, printable, printableData } from "@rollcall/core";
import type { OperationRecord } from "@rollcall/core/operations";
import type { HistoryRecorder } from "./history-recorder.js";

/**
 * Every operation has one log line and one entry in the history, with who asked for it and why: what was refused too, and
 * what time has ended.
 */
export function recordOperation(
  logger: Logger,
  history: Pick<HistoryRecorder, "record">,
  { kind, node, by, reason, untilMs, text }: OperationRecord,
): void {
  const event = eventNames[kind];
  const fields = { node: node?.address, nodeName: node?.name, by, reason, untilMs };
  logEvent(logger, event, printableData(present(fields)), printable(text));
  const { key = "", address = "", name } = node ?? {};
  history.record({ event, text, ...present({ node: node && { key, address, ...present({ name }) }, by }) });
}

const eventNames = {
  drain: "operation.drain",
  undrain: "operation.undrain",
  pause: "operation.pause",
  resume: "operation.resume",
  unmark: "operation.unmark",
  refused: "operation.refused",
} as const satisfies Record<OperationRecord["kind"], LogEventName>;
