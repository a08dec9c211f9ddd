import { RollcallError } from "../errors.js";

/** A value, and its path in the options. */
export interface Place {
  /** Such as `nodes[1].auth`; `""` for the options themselves. */
  readonly path: string;
  readonly value: unknown;
  /** The value is a secret, or could hold one: it is never shown. */
  readonly secret: boolean;
}

// More do not help, and thousands of bad nodes must not make a message of megabytes.
const maxLines = 50;
const maxShownCharacters = 80;

/** Collects every problem of the options, so that one restart corrects all of them. */
export class Problems {
  private readonly lines: string[] = [];

  /** The value is not what the option allows; `allowed` completes the sentence, such as "must be false". */
  add({ path, value, secret }: Place, allowed: string): void {
    if (value === undefined) this.lines.push(`${nameOf(path)} is missing: ${allowed}`);
    else this.lines.push(`${nameOf(path)} = ${secret ? "[redacted]" : show(value)}: ${allowed}`);
  }

  /** A problem that showing the value does not explain. */
  remark(path: string, remark: string): void {
    this.lines.push(`${nameOf(path)}: ${remark}`);
  }

  /** @throws {RollcallError} `CONFIG` with one problem a line, if there are any */
  throwIfAny(): void {
    if (this.lines.length === 0) return;
    const shown = this.lines.slice(0, maxLines);
    const left = this.lines.length - shown.length;
    throw new RollcallError("CONFIG", [...shown, ...(left > 0 ? [`and ${left} more problems`] : [])].join("\n"));
  }
}

/** The place of `name` within `parent`; as secret as its parent. */
export function placeIn(parent: Place, name: string | number, value: unknown): Place {
  return { path: pathIn(parent.path, name), value, secret: parent.secret };
}

export function pathIn(path: string, name: string | number): string {
  if (typeof name === "number") return `${path}[${name}]`;
  if (!/^[A-Za-z_$][\w$]{0,60}$/.test(name)) return `${nameOf(path)}[${show(name)}]`;
  return path === "" ? name : `${path}.${name}`;
}

function nameOf(path: string): string {
  return path === "" ? "options" : path;
}

/** For people, on one line. Text before an `@` may be a password, and an object or array may contain one. */
function show(value: unknown): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(truncate(withoutUserinfo(value)));
    case "object":
      if (value === null) return "null";
      if (value instanceof URL) return show(value.href);
      return Array.isArray(value) ? "an array" : "an object";
    case "function":
      return "a function";
    case "symbol":
      return "a symbol";
    default:
      return truncate(String(value));
  }
}

/**
 * Removes everything before the last `@`, escaped or not, except a scheme, and a port that is not a number. Works on
 * the text, because a URL parser misjudges where a password ends if it is not escaped.
 */
function withoutUserinfo(text: string): string {
  const cut = text.replace(/^(https?:\/\/)?.*(?:@|%40)/is, "$1[redacted]@");
  // Text in place of a port may be a password after a user name, with the host missing.
  return cut.replace(/^(https?:\/\/[^/?#:[]*:)(?!\d*(?:[/?#]|$)).*/is, "$1[redacted]");
}

function truncate(text: string): string {
  return text.length > maxShownCharacters ? `${text.slice(0, maxShownCharacters)}…` : text;
}
