import type { CommanderError } from "commander";

/**
 * What is wrong with the arguments, for people. A misplaced argument may be a secret, as in
 * `rollcall https://user:password@host` or `--pasword=secret`. So only the name of an option, or a plain word, is
 * shown.
 */
export function describeUsageError({ code, message }: Pick<CommanderError, "code" | "message">): string {
  const text = message.replace(/^error: /, "");
  if (code === "commander.unknownOption") {
    const [, name = "", suggestion = ""] =
      /^unknown option '(--[\w-]*|-.)[\s\S]*?'(\n\(Did you mean .*\?\))?$/u.exec(text) ?? [];
    return `unknown option ${name}${suggestion}`;
  }
  if (code === "commander.unknownCommand" && !/^unknown command '[\w-]{1,40}'/.test(text)) {
    return "unknown command; to ask a cluster, write: rollcall sniff URL";
  }
  return text;
}
