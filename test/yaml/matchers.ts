import { isDeepStrictEqual } from "node:util";
import type { CheckName } from "./suite.js";

/** What is wrong with a part of an answer; undefined where it is as expected. */
export function problemOf(check: CheckName, actual: unknown, expected: unknown): string | undefined {
  return isAsExpected[check](actual, expected) ? undefined : `is ${shown(actual)}, not ${check} ${shown(expected)}`;
}

const isAsExpected: Readonly<Record<CheckName, (actual: unknown, expected: unknown) => boolean>> = {
  match: (actual, expected) => spacedPattern(expected)?.test(textOf(actual)) ?? isDeepStrictEqual(actual, expected),
  is_true: isTrue,
  is_false: (actual) => !isTrue(actual),
  length: (actual, expected) => lengthOf(actual) === Number(expected),
  lt: (actual, expected) => Number(actual) < Number(expected),
  lte: (actual, expected) => Number(actual) <= Number(expected),
  gt: (actual, expected) => Number(actual) > Number(expected),
  gte: (actual, expected) => Number(actual) >= Number(expected),
  contains: (actual, expected) =>
    typeof actual === "string"
      ? actual.includes(String(expected))
      : Array.isArray(actual) && actual.some((one) => contains(one, expected)),
  exists: (actual) => actual !== undefined && actual !== null,
  close_to(actual, expected) {
    const { value, error } = expected as { readonly value: number; readonly error: number };
    return Math.abs(Number(actual) - value) <= error;
  },
};

/** A pattern of Java's, between slashes. */
export function patternOf(expected: unknown): RegExp | undefined {
  const text = textBetweenSlashes(expected);
  return text === undefined ? undefined : regExpOf(text);
}

function textBetweenSlashes(expected: unknown): string | undefined {
  const text = typeof expected === "string" ? expected.trim() : "";
  return text.length >= 2 && text.startsWith("/") && text.endsWith("/") ? text.slice(1, -1) : undefined;
}

/** Quantifiers that give nothing back are an optimization there, and no part of the language here. */
function regExpOf(text: string): RegExp {
  return new RegExp(text.replaceAll(/(\\.)|([*+?}])\+/g, "$1$2"), "s");
}

/** With white space and comments that are for its reader. */
function spacedPattern(expected: unknown): RegExp | undefined {
  const text = textBetweenSlashes(expected);
  if (text === undefined) return undefined;
  return regExpOf(text.replaceAll(/(\\.|\[(?:\\.|[^\]])*\])|\s+|#.*$/gm, "$1"));
}

function isTrue(actual: unknown): boolean {
  return ![undefined, null, false, 0, "", "false", "0"].includes(actual as string);
}

function lengthOf(actual: unknown): number | undefined {
  if (typeof actual === "string" || Array.isArray(actual)) return actual.length;
  return typeof actual === "object" && actual !== null ? Object.keys(actual).length : undefined;
}

/** An object contains another that has some of its fields. */
function contains(one: unknown, expected: unknown): boolean {
  if (typeof expected !== "object" || expected === null || Array.isArray(expected)) {
    return isDeepStrictEqual(one, expected);
  }
  return Object.entries(expected).every(([name, value]) =>
    isDeepStrictEqual((one as Record<string, unknown> | null)?.[name], value),
  );
}

function textOf(actual: unknown): string {
  return typeof actual === "string" ? actual : (JSON.stringify(actual) ?? "");
}

function shown(value: unknown): string {
  const text = textOf(value);
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}
