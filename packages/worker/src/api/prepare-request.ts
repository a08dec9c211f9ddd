import { present, RollcallError } from "@rollcall/core";
import { bounds, type PoolConfig } from "@rollcall/core/config";
import type { Classification, RequestClass } from "@rollcall/core/request";
import type { Dispatcher } from "undici";
import type { PreparedRequest } from "../dispatch/sender.js";
import { isSignal } from "./abort-listeners.js";
import { takeBytes } from "./given-body.js";
import { KnownTargets } from "./known-targets.js";
import type { PoolRequest } from "./pool-request.js";
import { bodyOf } from "./request-body.js";
import { requestProblem, unknownField } from "./request-fields.js";
import { headersOf, type OwnHeaders, overridesMethod } from "./request-headers.js";
import { checkHedge, hedgeTemplateOf } from "./request-hedge.js";
import { pathOf } from "./request-path.js";
import { maxRetriesOf, settingsOf } from "./request-settings.js";
import { RequestStream } from "./request-stream.js";

/** The pool's settings that apply where a request says nothing. */
export interface RequestDefaults
  extends Pick<PoolConfig, "timeoutMs" | "retry" | "hedge" | "maxResponseBytes" | "sign"> {
  /** Those of a child pool. */
  readonly own?: OwnHeaders;
  /** The header of that name of a child pool, else of the pool. */
  readonly accept?: string;
}

/** Those of a pool's own requests, as data that a thread can have. */
export function requestDefaults({
  timeoutMs,
  retry,
  hedge,
  maxResponseBytes,
  sign,
  headers,
}: PoolConfig): RequestDefaults {
  return { timeoutMs, retry, hedge, maxResponseBytes, ...present({ sign, accept: headers.accept }) };
}

/**
 * Turns a request into what a thread can send: plain data, as the request is now. `answerWindowBytes`: 0 for an answer
 * that is collected.
 *
 * @throws {RollcallError} `CONFIG`, naming the parts of the request that cannot be sent, one a line
 */
export function prepareRequest(
  request: PoolRequest,
  defaults: RequestDefaults,
  nowMs: number,
  answerWindowBytes = 0,
): PreparedRequest {
  try {
    return prepare(request, defaults, nowMs, answerWindowBytes);
  } catch (error) {
    if (error instanceof RollcallError) throw withAllProblems(error, request, defaults);
    // A getter, an iterator or a `toJSON` of the caller's own threw.
    throw new RollcallError("CONFIG", "the request could not be read: what it holds threw an error", { cause: error });
  }
}

function prepare(
  request: PoolRequest,
  defaults: RequestDefaults,
  nowMs: number,
  answerWindowBytes: number,
): PreparedRequest {
  if (typeof request !== "object" || request === null)
    throw new RollcallError("CONFIG", "the request must be an object");
  const unknown = unknownField(request);
  if (unknown !== undefined) throw new RollcallError("CONFIG", unknown);
  checkSignal(request);
  const method = methodOf(request);
  const target = targets.of(method, request);
  const timeoutMs = timeoutOf(request, defaults);
  const { content, contentType } = bodyOf(request);
  const headers = headersOf(request, contentType, defaults.own, defaults.accept);
  const known = overridesMethod(headers) ? overridden : target.known;
  const requestClass = classOf(request) ?? known.class;
  checkHedge(request, defaults);

  const maxRetries = maxRetriesOf(request, defaults.retry);
  const settings = settingsOf(request, defaults);
  // A Read that opens something on a node stays there, also if the caller gives its class.
  const opens = known.class === "read" && !known.reroutable;
  const isBound = known === overridden || opens || settings?.node !== undefined;
  const isStreamed = content instanceof RequestStream;
  const reroutable = requestClass === "read" && maxRetries > 0 && !isBound && !isStreamed;
  const hedgeTemplate = defaults.hedge === false ? undefined : hedgeTemplateOf(request, known, reroutable);

  // Only now: a request that cannot be sent takes nothing from its caller.
  if (isStreamed) content.take();

  return {
    method,
    path: target.path,
    headers,
    body: settings?.hasGivenBody === true && content instanceof Uint8Array ? takeBytes(content) : content,
    class: requestClass,
    reroutable,
    hedgeTemplate,
    maxRetries,
    deadlineMs: nowMs + timeoutMs,
    sentBefore: 0,
    settings,
    answerWindowBytes,
  };
}

/** Of all pools of the process: what is known of a path is the same for each. */
const targets = new KnownTargets();

/** A proxy may read the request in another way. */
const overridden: Classification = { class: "never", reroutable: false };

/** The same error with a line for each further problem. The body is not read again: it may be an iterator. */
function withAllProblems(first: RollcallError, request: PoolRequest, defaults: RequestDefaults): RollcallError {
  if (typeof request !== "object" || request === null) return first;
  const lines = new Set([first.message]);
  const checks = [
    ...[checkSignal, methodOf, pathOf, timeoutOf, classOf, checkHedge],
    () => maxRetriesOf(request, defaults.retry),
    () => settingsOf(request, defaults),
  ];
  for (const check of checks) {
    try {
      check(request, defaults);
    } catch (error) {
      if (error instanceof RollcallError) lines.add(error.message);
    }
  }
  return lines.size === 1 ? first : new RollcallError("CONFIG", [...lines].join("\n"));
}

function checkSignal({ signal }: PoolRequest): void {
  if (signal !== undefined && !isSignal(signal)) throw requestProblem("signal", "must be an AbortSignal");
}

const methods: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]);

function methodOf({ method }: PoolRequest): Dispatcher.HttpMethod {
  if (methods.has(method)) return method as Dispatcher.HttpMethod;
  const upper = typeof method === "string" ? method.toUpperCase() : "";
  if (methods.has(upper)) throw requestProblem("method", `must be in upper case: ${upper}`);
  throw requestProblem("method", `must be one of ${[...methods].join(", ")}`);
}

function timeoutOf({ timeoutMs }: PoolRequest, defaults: RequestDefaults): number {
  if (timeoutMs === undefined) return defaults.timeoutMs;
  const { min, max } = bounds.timeoutMs;
  if (!Number.isInteger(timeoutMs) || timeoutMs < min || timeoutMs > max) {
    throw requestProblem("timeoutMs", `must be a whole number from ${min} to ${max}`);
  }
  return timeoutMs;
}

const classes: ReadonlySet<unknown> = new Set<RequestClass>(["read", "repeatable", "never"]);

function classOf({ class: requestClass }: PoolRequest): RequestClass | undefined {
  if (requestClass === undefined || classes.has(requestClass)) return requestClass;
  throw requestProblem("class", 'must be "read", "repeatable" or "never"');
}
