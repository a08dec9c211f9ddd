import { type ClusterConfig, parseClusterConfig, parseViewPlace, type ViewPlace } from "@rollcall/core/config";
import type { Command } from "commander";
import { addDoctorTimeout, readDoctorTimeout } from "../doctor/doctor-options.js";
import { addText, withoutEmpty } from "../flags.js";
import { parseFlags } from "../parse-flags.js";
import { addTargetFlags, readTargets, type TargetFlags } from "../target-flags.js";
import { addWait, readWait } from "../wait-flag.js";

export interface BundleFlags extends TargetFlags {
  readonly file?: string;
  readonly force?: true;
  readonly redactAddresses?: true;
  readonly wait?: string;
  readonly timeout?: string;
}

export interface BundleRequest {
  readonly place: ViewPlace;
  /** The cluster that the doctor looks at; absent without nodes. */
  readonly config?: ClusterConfig;
  readonly waitMs: number;
  /** For the doctor. */
  readonly timeoutMs: number;
}

export function addBundleOptions(command: Command): Command {
  addTargetFlags(command, "http(s)://host:port[/path]: also add what the doctor sees");
  addText(command, "--file <file>", "where to write; packed if it ends in .gz (default: rollcall-NAME-TIME.json)");
  command.option("--force", "replace the file if it is there");
  command.option("--redact-addresses", "write host-1, host-2 … in place of hosts and addresses");
  addWait(command);
  return addDoctorTimeout(command);
}

/** @throws {RollcallError} `CONFIG` with one problem a line, in the words of the command line; no secret is in it */
export async function readBundleRequest(given: BundleFlags): Promise<BundleRequest> {
  const flags = withoutEmpty(given);
  const problems: string[] = [];
  const waitMs = readWait(flags.wait, problems);
  const timeoutMs = readDoctorTimeout(flags.timeout, problems);
  const { cluster, view, inWords } = await readTargets(flags, problems);
  const read = () => {
    const place = parseViewPlace(view);
    return { place, waitMs, timeoutMs, ...(cluster === undefined ? {} : { config: parseClusterConfig(cluster) }) };
  };
  return parseFlags(problems, read, inWords);
}
