import { wrapText } from "./text-layout.js";

/** Every exit code of the command. */
export const exitCodes = {
  /** The answer is good. */
  success: 0,
  /** There is an answer, but not a good one. */
  failure: 1,
  /** What was asked about does not work at all. The same as wrong usage: both need someone to act. */
  failing: 2,
  /** Wrong usage or configuration. */
  usage: 2,
  /** No configured node answered. */
  noAnswer: 3,
} as const;

const textWidth = 74;

/** The exit codes of one command for its help, in the order of the codes. Wrong usage is the same for all commands. */
export function exitCodesHelp(meanings: Readonly<Partial<Record<keyof typeof exitCodes, string>>>): string {
  const all = { ...meanings, usage: "wrong usage or configuration" };
  const lines = (Object.keys(exitCodes) as (keyof typeof exitCodes)[]).flatMap((name) => {
    const text = all[name];
    return text === undefined ? [] : [`  ${exitCodes[name]}  ${wrapText(text, textWidth).join("\n     ")}`];
  });
  return `Exit codes:\n${lines.join("\n")}\n`;
}
