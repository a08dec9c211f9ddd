import { type LogLevel, logLevels } from "@rollcall/coordinator";
import { bounds, type CoordinatorOptions, defaults, parseCoordinatorConfig } from "@rollcall/core/config";
import type { Command } from "commander";
import { addClusterFlags, type ClusterFlags, readClusterFlags } from "./cluster-flags.js";
import { isFields, type OptionFields, readConfigFile } from "./config-file.js";
import { addList, addText, numberIfDigits, withoutEmpty } from "./flags.js";
import { addHttpOptions, type HttpFlags, type HttpOptions, readHttpOptions } from "./http/http-options.js";
import { mergeOptions } from "./merge-options.js";
import { inCommandLineWords } from "./option-names.js";
import { parseFlags } from "./parse-flags.js";
import { addViewFlags, readViewFlags, type ViewFlags } from "./view-flags.js";

export interface CoordinatorFlags extends ClusterFlags, ViewFlags, HttpFlags {
  readonly config?: string;
  readonly nodes?: readonly string[];
  readonly interval?: string;
  readonly discovery?: string;
  readonly logLevel?: string;
}

export interface CoordinatorSettings {
  /** Without a logger. */
  readonly options: CoordinatorOptions;
  /** Undefined: no page is served. */
  readonly http: HttpOptions | undefined;
  readonly logLevel: LogLevel;
}

export function addCoordinatorOptions(command: Command): Command {
  const { min, max } = bounds.discovery.intervalMs;
  addText(command, "--config <file>", "JSON with the options of createPool; flags and variables win over it");
  addList(command, "--nodes <urls>", "http(s)://host:port[/path] of one node or more");
  addViewFlags(command);
  addClusterFlags(command);
  addText(
    command,
    "--interval <ms>",
    `between two sniffs: ${min} to ${max} (default: ${defaults.discovery.intervalMs})`,
  );
  addText(command, "--discovery <on|off|dns>", "off: monitor the given URLs alone; dns: all addresses of their names");
  addText(command, "--log-level <level>", `${logLevels.join(", ")}: the first that is logged (default: info)`);
  return addHttpOptions(command);
}

/**
 * What flags, the environment, and the file of `--config` say; the files that they name are read each time.
 *
 * @throws {RollcallError} `CONFIG` with one problem a line, in the words of the command line or with the path in the file;
 *   no secret is in it
 */
export async function readCoordinatorSettings(given: CoordinatorFlags): Promise<CoordinatorSettings> {
  const flags = withoutEmpty(given);
  const problems: string[] = [];
  const {
    logLevel: levelInFile,
    logger,
    ...file
  }: OptionFields = flags.config === undefined ? {} : await readConfigFile(flags.config);
  if (logger !== undefined) problems.push(`${flags.config}: logger: unknown option; did you mean logLevel?`);
  const view = await readViewFlags(flags, problems);
  const cluster = await readClusterFlags(flags, problems);
  const http = await readHttpOptions(flags, problems);
  const isOn = readSwitch(flags, problems);
  // So that "on" is said, and no detection overrides it.
  const isSaidAlone = flags.discovery === "on" && !isFields(file.discovery);
  const initialMs = isSaidAlone ? defaults.discovery.intervalMs : undefined;
  const { options, isFromFile } = mergeOptions(file, {
    ...cluster,
    ...view,
    nodes: flags.nodes,
    discovery: isOn && {
      ...cluster.discovery,
      source: flags.discovery === "dns" ? "dns" : undefined,
      intervalMs: flags.interval ? numberIfDigits(flags.interval) : initialMs,
    },
  });
  const logLevel =
    flags.logLevel === undefined
      ? readLogLevel(`${flags.config}: logLevel`, levelInFile, problems)
      : readLogLevel("--log-level", flags.logLevel, problems);
  const inWords = (problem: string) =>
    isFromFile(problem) ? `${flags.config}: ${problem}` : inCommandLineWords(problem);
  parseFlags(problems, () => parseCoordinatorConfig(options), inWords);
  // Just checked to be what the type says.
  return { options: options as unknown as CoordinatorOptions, http, logLevel };
}

function readLogLevel(what: string, value: unknown, problems: string[]): LogLevel {
  if (value === undefined) return "info";
  const level = logLevels.find((one) => one === value);
  if (level === undefined) problems.push(`${what} = ${JSON.stringify(value)}: must be one of ${logLevels.join(", ")}`);
  return level ?? "info";
}

/** Whether discovery is on. If it is off, a flag that only concerns the list is an error. */
function readSwitch(flags: CoordinatorFlags, problems: string[]): boolean {
  const { discovery = "on", interval, addressMap, allow, allowPort, clusterUuid } = flags;
  if (!["on", "off", "dns"].includes(discovery)) problems.push("--discovery must be on, off or dns");
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
