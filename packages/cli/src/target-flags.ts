import type { Command } from "commander";
import { addClusterFlags, type ClusterFlags, readClusterFlags } from "./cluster-flags.js";
import { type OptionFields, readConfigFile } from "./config-file.js";
import { addList, addText } from "./flags.js";
import { mergeOptions } from "./merge-options.js";
import { inCommandLineWords } from "./option-names.js";
import { addViewFlags, readViewFlags, type ViewFlags } from "./view-flags.js";

/** The flags that name a cluster, a shared view, or both, as commander returns them. */
export interface TargetFlags extends ClusterFlags, ViewFlags {
  readonly config?: string;
  readonly nodes?: readonly string[];
}

/** What the flags and the file of `--config` name, unchecked. */
export interface Targets {
  /** The options of a cluster; undefined if no node is given. */
  readonly cluster: OptionFields | undefined;
  /** `redis`, `name` and the secrets. */
  readonly view: OptionFields;
  /** A problem with one of these options, by the flag or by the path in the file. */
  readonly inWords: (problem: string) => string;
}

export function addTargetFlags(command: Command, nodes = "http(s)://host:port[/path] of one node or more"): Command {
  addText(command, "--config <file>", "JSON with the options of createPool; flags and variables win over it");
  addList(command, "--nodes <urls>", nodes);
  addClusterFlags(command);
  return addViewFlags(command);
}

/** @throws {RollcallError} `CONFIG` if the file of `--config` cannot be read; no part of it is in the message */
export async function readTargets(flags: TargetFlags, problems: string[]): Promise<Targets> {
  const file = flags.config === undefined ? {} : await readConfigFile(flags.config);
  const given = { ...(await readClusterFlags(flags, problems)), ...(await readViewFlags(flags, problems)) };
  const { options, isFromFile } = mergeOptions(file, { ...given, nodes: flags.nodes });
  const { nodes, cloudId, auth, sign, tls, headers, discovery, proxy, redis, name, secret, secretFile } = options;
  return {
    cluster:
      nodes === undefined && cloudId === undefined
        ? undefined
        : { nodes, cloudId, auth, sign, tls, headers, discovery, proxy, logger: false },
    view: { redis, name, secret, secretFile },
    inWords: (problem) => (isFromFile(problem) ? `${flags.config}: ${problem}` : inCommandLineWords(problem)),
  };
}
