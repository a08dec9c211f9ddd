import { type Command, Option } from "commander";

/** Adds an option that takes one value. It can also be given in the environment, as `ROLLCALL_…`; the flag beats that. */
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

/** One variable of the environment holds a whole list. */
export function listed(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((part) => part !== "");
}

/** A variable that is set to nothing is not set. */
export function withoutEmpty<Flags extends object>(flags: Flags): Partial<Flags> {
  const given = Object.entries(flags).filter(
    ([, value]) => value !== "" && !(Array.isArray(value) && value.length === 0),
  );
  return Object.fromEntries(given) as Partial<Flags>;
}

/** What is no number is handed on as it is, for whoever checks it to show. */
export function numberIfDigits(text: string): number | string {
  return /^\d+$/.test(text) ? Number(text) : text;
}
