import { parseViewPlace, type ViewPlace } from "@rollcall/core/config";
import type { Command } from "commander";
import { addList, listed, withoutEmpty } from "./flags.js";
import { parseFlags } from "./parse-flags.js";
import { type TroubleKind, troubleKinds } from "./status-verdict.js";
import { addViewFlags, readViewFlags, type ViewFlags } from "./view-flags.js";
import { addWait, readWait } from "./wait-flag.js";

export interface StatusFlags extends ViewFlags {
  readonly wait?: string;
  readonly failOn?: readonly string[] | string;
  readonly watch?: true;
  readonly json?: true;
  readonly color: boolean;
}

export interface StatusRequest {
  readonly place: ViewPlace;
  /** How long to wait for heartbeats after the status request. */
  readonly waitMs: number;
  /** What the exit code depends on. */
  readonly failOn: readonly TroubleKind[];
}

export function addStatusOptions(command: Command): Command {
  addViewFlags(command);
  addWait(command);
  addList(command, "--fail-on <list>", `what the exit code depends on (default: ${troubleKinds.join(",")})`);
  command.option("--watch", "show it again every 2 s, until interrupted");
  command.option("--json", "write JSON, for scripts");
  return command.option("--no-color", "write no colours; NO_COLOR=1 does the same");
}

/** @throws {RollcallError} `CONFIG` with one problem a line, in the words of the command line; no secret is in it */
export async function readStatusRequest(given: StatusFlags): Promise<StatusRequest> {
  const flags = withoutEmpty(given);
  const problems: string[] = [];
  const waitMs = readWait(flags.wait, problems);
  const failOn = readFailOn(flags.failOn, problems);
  const options = await readViewFlags(flags, problems);
  return { place: parseFlags(problems, () => parseViewPlace(options)), waitMs, failOn };
}

function readFailOn(given: StatusFlags["failOn"], problems: string[]): readonly TroubleKind[] {
  if (given === undefined) return troubleKinds;
  const words = typeof given === "string" ? listed(given) : given;
  const wrong = words.filter((word) => !troubleKinds.some((kind) => kind === word));
  if (wrong.length > 0) {
    problems.push(`--fail-on = ${JSON.stringify(wrong.join(","))}: must name some of ${troubleKinds.join(", ")}`);
  }
  return troubleKinds.filter((kind) => words.includes(kind));
}
