import { Readable } from "node:stream";
import type { PoolRequest } from "@rollcall/worker";
import { credentialOf } from "./call-credential.js";
import type { DiagnosticResult } from "./diagnostic-result.js";

/** A request as the clients' transports hand it to a connection. */
export interface ClientRequest {
  readonly method: string;
  readonly path: string;
  readonly querystring?: string | null | undefined;
  readonly headers?: Readonly<Record<string, unknown>> | null | undefined;
  readonly body?: unknown;
}

export interface CallTerms {
  readonly timeoutMs: unknown;
  readonly signal: PoolRequest["signal"];
}

/** The same request for the pool. `result`: where the client has shown its state of the call. */
export function poolRequestOf(
  request: ClientRequest,
  { signal, timeoutMs }: CallTerms,
  maxResponseBytes: number | undefined,
  result: DiagnosticResult | undefined,
): PoolRequest {
  const { authorization } = request.headers ?? {};
  const auth = authorization === undefined ? undefined : credentialOf(authorization);
  const rollcall = ownSettings(result);
  return {
    method: request.method,
    path: targetOf(request),
    headers: headersOf(request.headers, auth !== undefined),
    body: bodyOf(request.body),
    timeoutMs: timeoutOf(timeoutMs),
    class: rollcall?.class,
    retry: retryOf(result),
    maxResponseBytes,
    signal,
    auth,
    node: rollcall?.node,
    priority: rollcall?.priority,
  };
}

function targetOf({ path, querystring }: ClientRequest): string {
  const full = path.charCodeAt(0) === slash ? path : `/${path}`;
  if (querystring === undefined || querystring === null || querystring === "") return full;
  return `${full}${full.includes("?") ? "&" : "?"}${querystring}`;
}

const slash = 0x2f;

function headersOf(given: ClientRequest["headers"], hasCredential: boolean): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const name in given) {
    const value = given[name];
    // The length of a body is the pool's to say.
    if (name === "content-length" || (hasCredential && name === "authorization")) continue;
    if (value === undefined || value === null) continue;
    headers[name] = typeof value === "string" ? value : Array.isArray(value) ? value.join(", ") : String(value);
  }
  return headers;
}

/** What a client has not made text or bytes of is a stream. */
function bodyOf(body: unknown): PoolRequest["body"] {
  if (body === undefined || body === null || body === "") return undefined;
  if (typeof body === "string" || body instanceof Uint8Array) return body;
  // Streams of before Node 10: the clients take whatever has a `pipe`.
  if (!(Symbol.asyncIterator in (body as object))) return new Readable().wrap(body as NodeJS.ReadableStream);
  return body as AsyncIterable<string | Uint8Array>;
}

const oneDayMs = 86_400_000;

/** The pool's own where the client gives no number. */
function timeoutOf(timeoutMs: unknown): number | undefined {
  if (typeof timeoutMs !== "number" || Number.isNaN(timeoutMs)) return undefined;
  return Math.min(Math.max(Math.round(timeoutMs), 1), oneDayMs);
}

type OwnSettings = Pick<PoolRequest, "class" | "node" | "priority">;

/** What a call says to the pool alone, such as its class: `context: { rollcall: { class: "repeatable" } }`. */
function ownSettings(result: DiagnosticResult | undefined): OwnSettings | undefined | null {
  const context = result?.meta.context;
  if (context === null || context === undefined) return undefined;
  return (context as { readonly rollcall?: OwnSettings | null }).rollcall;
}

/** Statuses that the pool retries. */
const retried: ReadonlySet<unknown> = new Set([429, 502, 503, 504]);

/** `maxRetries: 0` means one attempt; a status that the call ignores is an answer, which is not waited out. */
function retryOf(result: DiagnosticResult | undefined): PoolRequest["retry"] {
  if (result === undefined) return undefined;
  const { maxRetries, ignore } = result.meta.request.options;
  if (maxRetries === 0) return false;
  if (!Array.isArray(ignore)) return undefined;
  const statuses: number[] = ignore.filter((status) => retried.has(status));
  return statuses.length === 0 ? undefined : { statuses };
}
