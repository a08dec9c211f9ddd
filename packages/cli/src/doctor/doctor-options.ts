import { bounds, type ClusterConfig, parseClusterConfig, parseViewPlace, type ViewPlace } from "@rollcall/core/config";
import type { Command } from "commander";
import { addClusterFlags, type ClusterFlags, readClusterFlags } from "../cluster-flags.js";
import { addList, addText, numberIfDigits, withoutEmpty } from "../flags.js";
import { parseFlags } from "../parse-flags.js";
import { addViewFlags, readViewFlags, type ViewFlags } from "../view-flags.js";

export interface DoctorFlags extends ClusterFlags, ViewFlags {
  readonly nodes?: readonly string[];
  readonly timeout?: string;
  readonly json?: true;
  readonly color: boolean;
}

export interface DoctorRequest {
  readonly config: ClusterConfig;
  /** Absent without `--redis`. */
  readonly place?: ViewPlace;
  /** For everything together. */
  readonly timeoutMs: number;
}

export const doctorTimeoutMs = 30_000;
const leastTimeoutMs = 1_000;

export function addDoctorOptions(command: Command): Command {
  addList(command, "--nodes <urls>", "http(s)://host:port[/path] of one node or more");
  addClusterFlags(command);
  addViewFlags(command);
  addText(command, "--timeout <ms>", `for everything together (default: ${doctorTimeoutMs})`);
  command.option("--json", "write JSON, for scripts");
  return command.option("--no-color", "write no colours; NO_COLOR=1 does the same");
}

/** @throws {RollcallError} `CONFIG` with one problem a line, in the words of the command line; no secret is in it */
export async function readDoctorRequest(given: DoctorFlags): Promise<DoctorRequest> {
  const flags = withoutEmpty(given);
  const problems: string[] = [];
  const timeoutMs = readTimeout(flags.timeout, problems);
  const cluster = { ...(await readClusterFlags(flags, problems)), nodes: flags.nodes, logger: false };
  const view = await readViewFlags(flags, problems);
  const isShared = flags.redis !== undefined || flags.redisFile !== undefined;
  return parseFlags(problems, () => {
    const config = parseClusterConfig(cluster);
    return { config, timeoutMs, ...(isShared ? { place: parseViewPlace(view) } : {}) };
  });
}

function readTimeout(text: string | undefined, problems: string[]): number {
  const { max } = bounds.timeoutMs;
  const timeoutMs = text === undefined ? doctorTimeoutMs : numberIfDigits(text);
  if (typeof timeoutMs === "number" && timeoutMs >= leastTimeoutMs && timeoutMs <= max) return timeoutMs;
  problems.push(`--timeout must be a whole number of milliseconds from ${leastTimeoutMs} to ${max}`);
  return doctorTimeoutMs;
}
