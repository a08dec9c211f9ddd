import { clientMethod } from "../clients/client-method.js";
import type { AnyClient, TestedClient } from "../clients/clients.js";
import { patternOf, problemOf } from "./matchers.js";
import { Stash } from "./stash.js";
import type { DoStep, SuiteTest } from "./suite.js";

/** What came of one test with one client. */
export interface TestRun {
  /** What is wrong, with the step; undefined for a test that passed. */
  readonly failure: string | undefined;
  /** Of every call: its API and its status, or the error of a call without one. */
  readonly statuses: readonly string[];
}

interface Answer {
  readonly status: number | undefined;
  readonly body: unknown;
  readonly error: Error | undefined;
}

/** Runs the steps of a test one after the other, up to the first that fails, and then its tear-down. */
export async function runTest(client: AnyClient, family: TestedClient["family"], test: SuiteTest): Promise<TestRun> {
  const stash = new Stash();
  const statuses: string[] = [];
  let body: unknown;
  const call = async (step: DoStep): Promise<Answer> => {
    const answer = await perform(client, family, step, stash);
    statuses.push(`${step.api} ${answer.status ?? answer.error?.name ?? "without a status"}`);
    body = answer.body;
    return answer;
  };
  const failureOf = async (): Promise<string | undefined> => {
    for (const [at, step] of test.steps.entries()) {
      let problem: string | undefined;
      if (step.kind === "do") problem = callProblem(step.catch, await call(step));
      else if (step.kind === "set") stash.set(step.name, stash.valueAt(body, step.path));
      else if (step.kind === "check") {
        problem = problemOf(step.check, stash.valueAt(body, step.path), stash.resolve(step.expected));
      }
      if (problem !== undefined) return `step ${at + 1}, ${nameOf(step)}: ${problem}`;
    }
    return undefined;
  };
  // A check that cannot be made, by a pattern that is none here.
  const failure = await failureOf().catch((error: unknown) => String(error));
  for (const step of test.tearDown) if (step.kind === "do") await call(step);
  return { failure, statuses };
}

function nameOf(step: SuiteTest["steps"][number]): string {
  if (step.kind === "do") return step.api;
  return step.kind === "check" ? `${step.check} ${step.path}` : step.kind;
}

async function perform(
  client: AnyClient,
  family: TestedClient["family"],
  { api, parameters, headers }: DoStep,
  stash: Stash,
): Promise<Answer> {
  const { ignore, body, ...given } = stash.resolve(parameters) as Readonly<Record<string, unknown>>;
  const options = {
    ...(family === "modern" ? { meta: true } : {}),
    ...(ignore === undefined ? {} : { ignore: [ignore].flat().map(Number) }),
    ...(Object.keys(headers).length === 0 ? {} : { headers: stash.resolve(headers) }),
  };
  const sent = body === undefined ? given : { ...given, body: bodyOf(body) };
  try {
    const { statusCode, body: answered } = (await clientMethod(client, api)(sent, options)) as Answered;
    return { status: statusCode, body: answered, error: undefined };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const { statusCode, body: answered } = ((error as { readonly meta?: Answered }).meta ?? {}) as Partial<Answered>;
    return { status: statusCode ?? undefined, body: answered, error };
  }
}

/** Some suites write one JSON object as text; the methods of versions 8 and 9 take no text for it. */
function bodyOf(given: unknown): unknown {
  if (typeof given !== "string") return given;
  try {
    return JSON.parse(given);
  } catch {
    return given;
  }
}

interface Answered {
  readonly statusCode: number;
  readonly body: unknown;
}

const statusWords: Readonly<Record<string, number>> = {
  bad_request: 400,
  unauthorized: 401,
  forbidden: 403,
  missing: 404,
  request_timeout: 408,
  conflict: 409,
  unavailable: 503,
};

/** What is wrong with how a call ended. */
function callProblem(expected: string | undefined, { status, body, error }: Answer): string | undefined {
  if (expected === undefined) return error === undefined ? undefined : `fails with ${error.name}: ${error.message}`;
  // HEAD of what is not there is an answer for the clients.
  const isMissing = expected === "missing" && status === 404;
  if (error === undefined && !isMissing) return `does not fail, where ${expected} is expected`;
  const pattern = patternOf(expected);
  if (pattern !== undefined) {
    const text = `${JSON.stringify(body) ?? ""} ${error?.message ?? ""}`;
    return pattern.test(text) ? undefined : `fails with ${text.slice(0, 200)}, not with ${expected}`;
  }
  if (expected === "param") return undefined;
  const isRight = expected === "request" ? (status ?? 0) >= 400 : status === statusWords[expected];
  return isRight ? undefined : `fails with ${status ?? error?.message}, not with ${expected}`;
}
