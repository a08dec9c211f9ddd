import { type Command, Option } from "commander";

/**
 * Adds an option that takes one value. It can also be given in the environment, as `ROLLCALL_…`; the flag beats that.
 */
export function addText(command: Command, flags: string, description: string): Command {
  return command.addOption(inEnvironment(new Option(flags, description)));
}

/** As {@link addText}, for a list: by commas, by spaces, or by giving the flag more than once. */
export function addList(command: Command, flags: string, description: string): Command {
  return command.addOption(inEnvironment(new Option(flags, `${description}; repeatable`).argParser(collect)));
}

function inEnvironment(option: Option): Option {
  return option.env(`ROLLCALL_${option.name().replaceAll("-", "_").toUpperCase()}`);
}

function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, ...listed(text)];
}

/** The parts of a list in one environment variable, separated by commas or spaces. */
export function listed(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((part) => part !== "");
}

/** An empty variable counts as not set. */
export function withoutEmpty<Flags extends object>(flags: Flags): Partial<Flags> {
  const given = Object.entries(flags).filter(
    ([, value]) => value !== "" && !(Array.isArray(value) && value.length === 0),
  );
  return Object.fromEntries(given) as Partial<Flags>;
}

/** Text that is not a number stays text, so that the later check can show it. */
export function numberIfDigits(text: string): number | string {
  return /^\d+$/.test(text) ? Number(text) : text;
}
