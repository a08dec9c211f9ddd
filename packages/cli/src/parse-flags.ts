import { RollcallError } from "@rollcall/core";
import { inCommandLineWords } from "./option-names.js";

/**
 * The result of `parse`, which parses the options that the flags stand for.
 *
 * @throws {RollcallError} `CONFIG` with one problem a line, in the words of the command line: `problems`, and those of
 *   `parse`, as `inWords` says them. Contains no secret.
 */
export function parseFlags<Config>(
  problems: readonly string[],
  parse: () => Config,
  inWords: (problem: string) => string = inCommandLineWords,
): Config {
  const [config, more] = attempt(parse, inWords);
  const all = [...problems, ...more.filter((problem) => !isReported(problem, problems))];
  if (config === undefined || all.length > 0) throw new RollcallError("CONFIG", all.join("\n"));
  return config;
}

function attempt<Config>(
  parse: () => Config,
  inWords: (problem: string) => string,
): readonly [Config | undefined, readonly string[]] {
  try {
    return [parse(), []];
  } catch (error) {
    if (!(error instanceof RollcallError) || error.code !== "CONFIG") throw error;
    return [undefined, error.message.split("\n").map(inWords)];
  }
}

/** If a value could not be read, a second message that the flag is missing would mislead. */
function isReported(problem: string, problems: readonly string[]): boolean {
  const [, flag] = /^(--[\w-]+) is missing:/.exec(problem) ?? [];
  return flag !== undefined && problems.some((reported) => reported.startsWith(flag));
}
