import { type ClusterConfig, parseClusterConfig, parseViewPlace, type ViewPlace } from "@rollcall/core/config";
import type { Command } from "commander";
import { addClusterFlags, type ClusterFlags, readClusterFlags } from "../cluster-flags.js";
import { addList, withoutEmpty } from "../flags.js";
import { parseFlags } from "../parse-flags.js";
import { addViewFlags, readViewFlags, type ViewFlags } from "../view-flags.js";
import { addWait, readWait } from "../wait-flag.js";

export interface WhyFlags extends ClusterFlags, ViewFlags {
  readonly nodes?: readonly string[];
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
  addViewFlags(command);
  addWait(command);
  addList(command, "--nodes <urls>", "http(s)://host:port[/path]: also look at the node from this machine");
  addClusterFlags(command);
  command.option("--json", "write JSON, for scripts");
  return command.option("--no-color", "write no colours; NO_COLOR=1 does the same");
}

/** @throws {RollcallError} `CONFIG` with one problem a line, in the words of the command line; no secret is in it */
export async function readWhyRequest(given: WhyFlags): Promise<WhyRequest> {
  const flags = withoutEmpty(given);
  const problems: string[] = [];
  const waitMs = readWait(flags.wait, problems);
  const view = await readViewFlags(flags, problems);
  const cluster = flags.nodes && { ...(await readClusterFlags(flags, problems)), nodes: flags.nodes, logger: false };
  return parseFlags(problems, () => {
    const place = parseViewPlace(view);
    return { place, waitMs, ...(cluster === undefined ? {} : { config: parseClusterConfig(cluster) }) };
  });
}
