import { printable } from "../printable.js";
import { sniffLimits } from "./limits.js";

/**
 * A text that came from outside, fit for a log line or a terminal: short, on one line, without control characters,
 * and without the part before an `@`, which in an address is a user and a password.
 */
export function sanitizeForLog(text: string): string {
  const afterUser = text.lastIndexOf("@") + 1;
  const whole = afterUser === 0 ? text : `[redacted]@${text.slice(afterUser)}`;
  const short = whole.length <= sniffLimits.shownMaxLength ? whole : `${whole.slice(0, sniffLimits.shownMaxLength)}…`;
  return printable(short);
}
