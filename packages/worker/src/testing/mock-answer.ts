import { RollcallError, type RollcallErrorCode, type Sent } from "@rollcall/core";
import type { MockRequest } from "./mock-request.js";

/** How a request may fail for want of an answer. */
export type MockErrorCode = Extract<
  RollcallErrorCode,
  "NO_NODE" | "CONNECT" | "TLS" | "DISCONNECTED" | "BAD_RESPONSE" | "TIMEOUT" | "QUEUE_FULL" | "THREAD"
>;

/** What comes of a request. */
export interface MockAnswer {
  /** Default 200. */
  readonly status?: number | undefined;
  /** Beside `content-type` and `x-elastic-product`, or in place of them. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** An object is sent as JSON; a string or bytes as they are. Default: empty. */
  readonly body?: object | string | Uint8Array | undefined;
  /** The request fails so. A stream with `status` or `body` breaks off so, after what `body` holds. */
  readonly error?: MockErrorCode | undefined;
  /** Default "maybe" where the code allows both, else "no". */
  readonly sent?: Sent | undefined;
}

/** The answer, or what makes it: for as long as its promise is pending, the request is. */
export type MockReply = MockAnswer | ((request: MockRequest) => MockAnswer | Promise<MockAnswer>);

/** Whether the cluster may have the request: before it is connected, it has not. */
const sentOf: Readonly<Record<MockErrorCode, Sent>> = {
  NO_NODE: "no",
  CONNECT: "no",
  TLS: "no",
  QUEUE_FULL: "no",
  DISCONNECTED: "maybe",
  BAD_RESPONSE: "maybe",
  TIMEOUT: "maybe",
  THREAD: "maybe",
};

/** An answer as it comes. */
export interface SimulatedAnswer {
  readonly status: number;
  /** A line for each. */
  readonly rawHeaders: string;
  readonly body: Buffer;
  readonly failure: SimulatedFailure | undefined;
}

export interface SimulatedFailure {
  readonly code: MockErrorCode;
  readonly sent: Sent;
  /** The headers come before it. */
  readonly isInBody: boolean;
}

const fields: ReadonlySet<string> = new Set<keyof MockAnswer>(["status", "headers", "body", "error", "sent"]);

/** @throws {RollcallError} `CONFIG`, with every problem of the answer, one a line */
export function simulatedAnswer(given: MockAnswer): SimulatedAnswer {
  const problems = problemsOf(given);
  if (problems.length > 0) throw new RollcallError("CONFIG", problems.join("\n"));
  const { status = 200, headers = {}, body, error, sent } = given;
  const isData = typeof body === "object" && !(body instanceof Uint8Array);
  const all = {
    "x-elastic-product": "Elasticsearch",
    ...(isData ? { "content-type": "application/json" } : {}),
    ...lowerCase(headers),
  };
  return {
    status,
    rawHeaders: Object.entries(all)
      .map(([name, value]) => `${name}: ${value}`)
      .join("\r\n"),
    body: isData ? Buffer.from(JSON.stringify(body)) : Buffer.from(body ?? ""),
    failure:
      error === undefined
        ? undefined
        : {
            code: error,
            sent: sent ?? sentOf[error],
            isInBody: given.status !== undefined || body !== undefined,
          },
  };
}

function problemsOf(given: MockAnswer): string[] {
  if (typeof given !== "object" || given === null) return ["an answer must be an object"];
  const unknown = Object.keys(given).filter((name) => !fields.has(name));
  const { status, error, sent } = given;
  return [
    ...unknown.map((name) => `answer.${name}: unknown; an answer has ${[...fields].join(", ")}`),
    ...(status !== undefined && !(Number.isInteger(status) && status >= 200 && status <= 599)
      ? ["answer.status: must be a whole number from 200 to 599"]
      : []),
    ...(error !== undefined && sentOf[error] === undefined
      ? [`answer.error: must be one of ${Object.keys(sentOf).join(", ")}`]
      : []),
    ...(sent !== undefined && sent !== "no" && sent !== "maybe" ? ['answer.sent: must be "no" or "maybe"'] : []),
    ...(sent !== undefined && error === undefined ? ["answer.sent: is given without `error`"] : []),
    ...(sent === "maybe" && error !== undefined && sentOf[error] === "no"
      ? [`answer.sent: cannot be "maybe" with ${error}, which comes before anything is sent`]
      : []),
  ];
}

function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
