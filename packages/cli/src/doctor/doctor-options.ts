import { bounds, type ClusterConfig, parseClusterConfig, parseViewPlace, type ViewPlace } from "@rollcall/core/config";
import type { Command } from "commander";
import { addText, numberIfDigits, withoutEmpty } from "../flags.js";
import { parseFlags } from "../parse-flags.js";
import { addTargetFlags, readTargets, type TargetFlags } from "../target-flags.js";

export interface DoctorFlags extends TargetFlags {
  readonly timeout?: string;
  readonly json?: true;
  readonly color: boolean;
}

export interface DoctorRequest {
  readonly config: ClusterConfig;
  /** Absent without `redis`. */
  readonly place?: ViewPlace;
  /** For everything together. */
  readonly timeoutMs: number;
}

const initialTimeoutMs = 30_000;
const leastTimeoutMs = 1_000;

export function addDoctorOptions(command: Command): Command {
  addTargetFlags(command);
  addDoctorTimeout(command);
  command.option("--json", "write JSON, for scripts");
  return command.option("--no-color", "write no colours; NO_COLOR=1 does the same");
}

/** `--timeout` of the doctor: for everything together. */
export function addDoctorTimeout(command: Command): Command {
  return addText(command, "--timeout <ms>", `for everything together (default: ${initialTimeoutMs})`);
}

/** @throws {RollcallError} `CONFIG` with one problem a line, in the words of the command line; no secret is in it */
export async function readDoctorRequest(given: DoctorFlags): Promise<DoctorRequest> {
  const flags = withoutEmpty(given);
  const problems: string[] = [];
  const timeoutMs = readDoctorTimeout(flags.timeout, problems);
  const { cluster, view, inWords } = await readTargets(flags, problems);
  const read = () => {
    const config = parseClusterConfig(cluster ?? { nodes: undefined });
    return { config, timeoutMs, ...(view.redis === undefined ? {} : { place: parseViewPlace(view) }) };
  };
  return parseFlags(problems, read, inWords);
}

/** In milliseconds. A value that is not allowed is one problem. */
export function readDoctorTimeout(text: string | undefined, problems: string[]): number {
  const { max } = bounds.timeoutMs;
  const timeoutMs = text === undefined ? initialTimeoutMs : numberIfDigits(text);
  if (typeof timeoutMs === "number" && timeoutMs >= leastTimeoutMs && timeoutMs <= max) return timeoutMs;
  problems.push(`--timeout must be a whole number of milliseconds from ${leastTimeoutMs} to ${max}`);
  return initialTimeoutMs;
}
