import { RollcallError } from "@rollcall/core";
import { inCommandLineWords } from "./option-names.js";

/**
 * What `parse` makes of the options that stand for the flags.
 *
 * @throws {RollcallError} `CONFIG` with one problem a line, in the words of the command line: those that reading the
 *   flags has found, and those of the options. No secret is in it.
 */
export function parseFlags<Config>(problems: readonly string[], parse: () => Config): Config {
  const [config, more] = attempt(parse);
  const all = [...problems, ...more.filter((problem) => !isSaid(problem, problems))];
  if (config === undefined || all.length > 0) throw new RollcallError("CONFIG", all.join("\n"));
  return config;
}

function attempt<Config>(parse: () => Config): readonly [Config | undefined, readonly string[]] {
  try {
    return [parse(), []];
  } catch (error) {
    if (!(error instanceof RollcallError) || error.code !== "CONFIG") throw error;
    return [undefined, error.message.split("\n").map(inCommandLineWords)];
  }
}

/** Of a flag whose value could not be read, that it is missing would only mislead. */
function isSaid(problem: string, problems: readonly string[]): boolean {
  const [, flag] = /^(--[\w-]+) is missing:/.exec(problem) ?? [];
  return flag !== undefined && problems.some((said) => said.startsWith(flag));
}
