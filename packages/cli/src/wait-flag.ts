import type { Command } from "commander";
import { addText, numberIfDigits } from "./flags.js";

const wait = { initialMs: 1_000, minMs: 100, maxMs: 60_000 };

/** `--wait`: how long replicas may take to answer a status request. */
export function addWait(command: Command): Command {
  return addText(command, "--wait <ms>", `time for replicas to answer (default: ${wait.initialMs})`);
}

/** In milliseconds. A value that is not allowed is one problem. */
export function readWait(text: string | undefined, problems: string[]): number {
  const waitMs = text === undefined ? wait.initialMs : numberIfDigits(text);
  if (typeof waitMs === "number" && waitMs >= wait.minMs && waitMs <= wait.maxMs) return waitMs;
  problems.push(`--wait must be a whole number of milliseconds from ${wait.minMs} to ${wait.maxMs}`);
  return wait.initialMs;
}
