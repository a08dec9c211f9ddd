/** One test of a suite: its file's set-up, its own steps, its file's tear-down. */
export interface SuiteTest {
  /** Path below the suite's folder. */
  readonly file: string;
  readonly name: string;
  readonly requirements: readonly Requirement[];
  readonly steps: readonly Step[];
  readonly tearDown: readonly Step[];
}

/** What a test needs of an engine and a runner: a `skip` or a `requires`. */
export interface Requirement {
  readonly kind: "skip" | "requires";
  readonly given: Readonly<Record<string, unknown>>;
}

export type Step = DoStep | SetStep | CheckStep | UnknownStep;

/** A call of the client. */
export interface DoStep {
  readonly kind: "do";
  readonly api: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
  /** The error that must come: a word for a status, or a pattern between slashes. */
  readonly catch: string | undefined;
}

/** Keeps a part of the last answer under a name. */
export interface SetStep {
  readonly kind: "set";
  readonly path: string;
  readonly name: string;
}

/** Compares a part of the last answer. */
export interface CheckStep {
  readonly kind: "check";
  readonly check: CheckName;
  readonly path: string;
  readonly expected: unknown;
}

/** A word that the runner does not have: its test is skipped. */
export interface UnknownStep {
  readonly kind: "unknown";
  readonly word: string;
}

export type CheckName = (typeof checkNames)[number];

export const checkNames = [
  "match",
  "is_true",
  "is_false",
  "length",
  "lt",
  "lte",
  "gt",
  "gte",
  "contains",
  "exists",
  "close_to",
] as const;
