import { parseViewPlace, type ViewPlace } from "@rollcall/core/config";
import type { Command } from "commander";
import { addText, withoutEmpty } from "./flags.js";
import { parseFlags } from "./parse-flags.js";
import { addViewFlags, readViewFlags, type ViewFlags } from "./view-flags.js";

export interface HistoryFlags extends ViewFlags {
  readonly since?: string;
  readonly node?: string;
  readonly json?: true;
  readonly color: boolean;
}

export interface HistoryRequest {
  readonly place: ViewPlace;
  /** How far back, in milliseconds; undefined: as far as the history goes. */
  readonly sinceMs: number | undefined;
  /** A node's name, address, host, id or key; undefined: all entries. */
  readonly node: string | undefined;
}

export function addHistoryOptions(command: Command): Command {
  addViewFlags(command);
  addText(command, "--since <time>", "only entries of this time, such as 90s, 30m, 12h, 7d (default: all)");
  addText(command, "--node <node>", "only entries about this node: its name, address, host or id");
  command.option("--json", "write JSON, for scripts");
  return command.option("--no-color", "write no colours; NO_COLOR=1 does the same");
}

/** @throws {RollcallError} `CONFIG` with one problem a line, in the words of the command line; no secret is in it */
export async function readHistoryRequest(given: HistoryFlags): Promise<HistoryRequest> {
  const flags = withoutEmpty(given);
  const problems: string[] = [];
  const sinceMs = flags.since === undefined ? undefined : readSpan(flags.since, problems);
  const options = await readViewFlags(flags, problems);
  return { place: parseFlags(problems, () => parseViewPlace(options)), sinceMs, node: flags.node };
}

const unitsMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

function readSpan(text: string, problems: string[]): number | undefined {
  const [, number = "", unit] = /^(\d{1,5})([smhd])$/.exec(text) ?? [];
  const spanMs = Number(number) * unitsMs[unit as keyof typeof unitsMs];
  if (spanMs > 0) return spanMs;
  problems.push(`--since = ${JSON.stringify(text)}: must be a number from 1 to 99999 and s, m, h or d, such as 30m`);
  return undefined;
}
