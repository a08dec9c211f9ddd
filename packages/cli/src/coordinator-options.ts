import { bounds, type CoordinatorOptions, defaults, parseCoordinatorConfig } from "@rollcall/core/config";
import type { Command } from "commander";
import { addClusterFlags, type ClusterFlags, readClusterFlags } from "./cluster-flags.js";
import { addList, addText, numberIfDigits, withoutEmpty } from "./flags.js";
import { addHttpOptions, type HttpFlags, type HttpOptions, readHttpOptions } from "./http/http-options.js";
import { parseFlags } from "./parse-flags.js";
import { addViewFlags, readViewFlags, type ViewFlags } from "./view-flags.js";

export interface CoordinatorFlags extends ClusterFlags, ViewFlags, HttpFlags {
  readonly nodes?: readonly string[];
  readonly interval?: string;
  readonly discovery?: string;
}

export interface CoordinatorSettings {
  readonly options: CoordinatorOptions;
  /** Undefined: no page is served. */
  readonly http: HttpOptions | undefined;
}

export function addCoordinatorOptions(command: Command): Command {
  const { min, max } = bounds.discovery.intervalMs;
  addList(command, "--nodes <urls>", "http(s)://host:port[/path] of one node or more");
  addViewFlags(command);
  addClusterFlags(command);
  addText(
    command,
    "--interval <ms>",
    `between two sniffs: ${min} to ${max} (default: ${defaults.discovery.intervalMs})`,
  );
  addText(command, "--discovery <on|off>", "off: monitor the given URLs alone (default: on)");
  return addHttpOptions(command);
}

/** @throws {RollcallError} `CONFIG` with one problem a line, in the words of the command line; no secret is in it */
export async function readCoordinatorSettings(given: CoordinatorFlags): Promise<CoordinatorSettings> {
  const flags = withoutEmpty(given);
  const problems: string[] = [];
  const view = await readViewFlags(flags, problems);
  const cluster = await readClusterFlags(flags, problems);
  const http = await readHttpOptions(flags, problems);
  const isOn = readSwitch(flags, problems);
  const options = {
    ...cluster,
    ...view,
    nodes: flags.nodes,
    discovery: isOn && { ...cluster.discovery, intervalMs: flags.interval && numberIfDigits(flags.interval) },
  };
  parseFlags(problems, () => parseCoordinatorConfig(options));
  // Just checked to be what the type says.
  return { options: options as unknown as CoordinatorOptions, http };
}

/** Whether discovery is on. If it is off, a flag that only concerns the list is an error. */
function readSwitch(flags: CoordinatorFlags, problems: string[]): boolean {
  const { discovery = "on", interval, addressMap, allow, allowPort, clusterUuid } = flags;
  if (discovery !== "on" && discovery !== "off") problems.push("--discovery must be on or off");
  const idle = Object.entries({
    "--interval": interval,
    "--address-map": addressMap,
    "--allow": allow,
    "--allow-port": allowPort,
    "--cluster-uuid": clusterUuid,
  }).filter(([, value]) => value !== undefined);
  if (discovery === "off" && idle.length > 0) {
    problems.push(`--discovery off cannot be combined with ${idle.map(([flag]) => flag).join(", ")}`);
  }
  return discovery !== "off";
}
