import type { Command } from "commander";
import { readSecret } from "./flag-files.js";
import { addText } from "./flags.js";

/** The flags that name a shared view, as commander returns them. */
export interface ViewFlags {
  readonly redis?: string;
  readonly redisFile?: string;
  readonly name?: string;
}

export function addViewFlags(command: Command): Command {
  addText(
    command,
    "--redis <url>",
    "where replicas share their view; if it has a password, set ROLLCALL_REDIS instead",
  );
  addText(command, "--redis-file <file>", "a file with the URL, or with ioredis' options in JSON");
  return addText(command, "--name <name>", "name of the view, as in the pools");
}

/**
 * The options `redis` and `name`, unchecked. A value that begins with a brace is JSON, for Sentinel and Redis Cluster.
 */
export async function readViewFlags(
  flags: ViewFlags,
  problems: string[],
): Promise<{ readonly redis: unknown; readonly name: string | undefined }> {
  const text = (await readSecret("redis", flags.redis, flags.redisFile, problems))?.trim();
  if (text?.startsWith("{") !== true) return { redis: text, name: flags.name };
  try {
    return { redis: JSON.parse(text) as unknown, name: flags.name };
  } catch {
    problems.push("--redis begins with a brace but is not JSON");
    return { redis: undefined, name: flags.name };
  }
}
