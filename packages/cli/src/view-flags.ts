import { parseSecretFile } from "@rollcall/core/config";
import type { Command } from "commander";
import { readSecret, regularFile } from "./flag-files.js";
import { addText } from "./flags.js";

/** The flags that name a shared view, as commander returns them. */
export interface ViewFlags {
  readonly redis?: string;
  readonly redisFile?: string;
  readonly name?: string;
  readonly secret?: string;
  readonly secretFile?: string;
}

export function addViewFlags(command: Command): Command {
  addText(
    command,
    "--redis <url>",
    "where replicas share their view; if it has a password, set ROLLCALL_REDIS instead",
  );
  addText(command, "--redis-file <file>", "a file with the URL, or with ioredis' options in JSON");
  addText(command, "--name <name>", "name of the view, as in the pools");
  addText(command, "--secret <secret>", "that of the view, if it has one: set ROLLCALL_SECRET instead");
  return addText(command, "--secret-file <file>", "a file with the secrets of the view, one a line; the first seals");
}

/** The options of a view, unchecked. */
export interface ViewFlagOptions {
  readonly redis: unknown;
  readonly name: string | undefined;
  readonly secret: unknown;
  readonly secretFile: string | undefined;
}

/**
 * What the flags say, unchecked. A value that begins with a brace is JSON, for Sentinel and Redis Cluster.
 */
export async function readViewFlags(flags: ViewFlags, problems: string[]): Promise<ViewFlagOptions> {
  const text = (await readSecret("redis", flags.redis, flags.redisFile, problems))?.trim();
  const others = { name: flags.name, ...(await readSecretFlags(flags, problems)) };
  if (text?.startsWith("{") !== true) return { redis: text, ...others };
  try {
    return { redis: JSON.parse(text) as unknown, ...others };
  } catch {
    problems.push("--redis begins with a brace but is not JSON");
    return { redis: undefined, ...others };
  }
}

/** A file is read again when it changes; what came by a pipe cannot be. */
async function readSecretFlags(
  { secret, secretFile }: ViewFlags,
  problems: string[],
): Promise<Pick<ViewFlagOptions, "secret" | "secretFile">> {
  const file = secretFile === undefined || secret !== undefined ? undefined : await regularFile(secretFile);
  if (file !== undefined) return { secret: undefined, secretFile: file };
  const text = await readSecret("secret", secret, secretFile, problems);
  if (text === undefined || secretFile === undefined) return { secret: text, secretFile: undefined };
  const parsed = parseSecretFile(text);
  if ("secrets" in parsed) return { secret: parsed.secrets, secretFile: undefined };
  problems.push(`--secret-file ${parsed.problem}`);
  return { secret: undefined, secretFile: undefined };
}
