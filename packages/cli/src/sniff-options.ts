import { bounds, type ClusterConfig, fixed, parseClusterConfig } from "@rollcall/core/config";
import type { Command } from "commander";
import { addClusterFlags, type ClusterFlags, readClusterFlags } from "./cluster-flags.js";
import { type CollectTimeouts, poolTimeouts } from "./collect.js";
import { addText, numberIfDigits, withoutEmpty } from "./flags.js";
import { parseFlags } from "./parse-flags.js";

export interface SniffFlags extends ClusterFlags {
  readonly timeout?: string;
  readonly json?: true;
  readonly color: boolean;
}

export interface SniffRequest {
  readonly config: ClusterConfig;
  readonly timeouts: CollectTimeouts;
}

export function addSniffOptions(command: Command): Command {
  addClusterFlags(command);
  addText(command, "--timeout <ms>", `for each request (default: as in a pool, ${ownTimeouts})`);
  command.option("--json", "write JSON, for scripts");
  return command.option("--no-color", "write no colours; NO_COLOR=1 does the same");
}

const ownTimeouts = `${fixed.probeTimeoutMaxMs} for GET /, ${fixed.sniffTimeoutMs} for the list`;

/** @throws {RollcallError} `CONFIG` with one problem a line, in the words of the command line; no secret is in it */
export async function readSniffRequest(urls: readonly string[], given: SniffFlags): Promise<SniffRequest> {
  const flags = withoutEmpty(given);
  const problems: string[] = [];
  const timeouts = readTimeouts(flags.timeout, problems);
  const options = { ...(await readClusterFlags(flags, problems)), nodes: urls, logger: false };
  return { config: parseFlags(problems, () => parseClusterConfig(options)), timeouts };
}

function readTimeouts(text: string | undefined, problems: string[]): CollectTimeouts {
  if (text === undefined) return poolTimeouts;
  const { min, max } = bounds.timeoutMs;
  const timeoutMs = numberIfDigits(text);
  if (typeof timeoutMs !== "number" || timeoutMs < min || timeoutMs > max) {
    problems.push(`--timeout must be a whole number of milliseconds from ${min} to ${max}`);
    return poolTimeouts;
  }
  return { connectMs: timeoutMs, probeMs: timeoutMs, listMs: timeoutMs };
}
