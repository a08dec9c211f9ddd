import { type ClusterConfig, parseClusterConfig, parseViewPlace, type ViewPlace } from "@rollcall/core/config";
import type { Command } from "commander";
import { withoutEmpty } from "../flags.js";
import { parseFlags } from "../parse-flags.js";
import { addTargetFlags, readTargets, type TargetFlags } from "../target-flags.js";
import { addWait, readWait } from "../wait-flag.js";

export interface WhyFlags extends TargetFlags {
  readonly wait?: string;
  readonly json?: true;
  readonly color: boolean;
}

export interface WhyRequest {
  readonly place: ViewPlace;
  /** How long to wait for heartbeats after the status request. */
  readonly waitMs: number;
  /** The cluster to sniff from this machine; absent without `--nodes`. */
  readonly config?: ClusterConfig;
}

export function addWhyOptions(command: Command): Command {
  addTargetFlags(command, "http(s)://host:port[/path]: also look at the node from this machine");
  addWait(command);
  command.option("--json", "write JSON, for scripts");
  return command.option("--no-color", "write no colours; NO_COLOR=1 does the same");
}

/** @throws {RollcallError} `CONFIG` with one problem a line, in the words of the command line; no secret is in it */
export async function readWhyRequest(given: WhyFlags): Promise<WhyRequest> {
  const flags = withoutEmpty(given);
  const problems: string[] = [];
  const waitMs = readWait(flags.wait, problems);
  const { cluster, view, inWords } = await readTargets(flags, problems);
  const read = () => {
    const place = parseViewPlace(view);
    return { place, waitMs, ...(cluster === undefined ? {} : { config: parseClusterConfig(cluster) }) };
  };
  return parseFlags(problems, read, inWords);
}
