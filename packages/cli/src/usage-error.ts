import type { CommanderError } from "commander";

/**
 * What is wrong with the arguments, for people. What was typed in the wrong place may be a secret, as in
 * `rollcall https://user:password@host` or `--pasword=secret`: of an option only its name is shown, of anything else
 * nothing but a plain word.
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
