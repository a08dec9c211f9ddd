import { type Attempt, present, type RollcallErrorCode, type WireError } from "@rollcall/core";
import type { RequestClass } from "@rollcall/core/request";

/** How a request has ended. Never its path, headers or body. */
export interface SettledRequest {
  readonly class: RequestClass;
  /** With any status, or with this code. */
  readonly outcome: "answered" | RollcallErrorCode;
  /** Absent where no headers of an answer came. */
  readonly status?: number;
  /** `host:port` of the last node that it was sent to; absent where it was sent to none. */
  readonly node?: string;
  /** From the call to the whole answer, or to the error; of a stream to its headers, if they came. In milliseconds. */
  readonly durationMs: number;
  /** Every try, the last one included. */
  readonly attempts: readonly Attempt[];
}

/** The answer that a request got, or its headers. */
export interface AnswerFacts {
  readonly status: number;
  readonly node: string;
  readonly nodeUrl: string;
  readonly attempts: readonly Attempt[];
}

export function answeredRequest(
  requestClass: RequestClass,
  { status, node, attempts }: AnswerFacts,
  durationMs: number,
  outcome: SettledRequest["outcome"] = "answered",
): SettledRequest {
  return { class: requestClass, outcome, status, node, durationMs, attempts };
}

export function failedRequest(
  requestClass: RequestClass,
  { code, attempts }: WireError,
  durationMs: number,
): SettledRequest {
  return { class: requestClass, outcome: code, durationMs, attempts, ...present({ node: attempts.at(-1)?.node }) };
}
