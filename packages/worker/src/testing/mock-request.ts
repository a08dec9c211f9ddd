import type { RequestClass } from "@rollcall/core/request";
import type { PreparedRequest } from "../dispatch/sender.js";

/** A request as a node would have got it: checked and serialised by the code that every pool has. */
export interface MockRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** What the pattern of the answer names: `index` of `POST /:index/_search`. */
  readonly params: Readonly<Record<string, string>>;
  /** Names in lower case. The pool's, the child's and its own; none of a node's. */
  readonly headers: Readonly<Record<string, string>>;
  /** As sent; a body that streams, whole. Undefined without one. */
  readonly body: string | Uint8Array | undefined;
  readonly class: RequestClass;
  /** The time that was left for it. */
  readonly timeoutMs: number;
  /** Made by `stream()`. */
  readonly isStream: boolean;
  /** @throws {SyntaxError} where the body is not JSON */
  json(): unknown;
  /** Each line of an `ndjson` body. @throws {SyntaxError} where a line is not JSON */
  lines(): unknown[];
}

/** `poolHeaders`: those of the options, which a pool gives to each request that has none of the same name. */
export function mockRequest(
  prepared: PreparedRequest,
  body: string | Uint8Array | undefined,
  poolHeaders: Readonly<Record<string, string>>,
  timeoutMs: number,
): MockRequest {
  const { method, path: target, headers: list, class: requestClass, answerWindowBytes } = prepared;
  const queryAt = target.indexOf("?");
  const headers: Record<string, string> = { ...poolHeaders };
  for (let at = 0; at + 1 < list.length; at += 2) Object.assign(headers, { [list[at] ?? ""]: list[at + 1] });
  const text = () => (typeof body === "string" ? body : Buffer.from(body ?? []).toString("utf8"));
  return {
    method,
    path: queryAt < 0 ? target : target.slice(0, queryAt),
    query: new URLSearchParams(queryAt < 0 ? "" : target.slice(queryAt + 1)),
    params: {},
    headers,
    body,
    class: requestClass,
    timeoutMs: Math.round(timeoutMs),
    isStream: answerWindowBytes > 0,
    json: () => JSON.parse(text()),
    lines: () =>
      text()
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line)),
  };
}
