import { requestCreated } from "./caller-context.js";
import { traceIdOf } from "./trace-parent.js";

/**
 * Calls `send`, which hands a request with these headers to undici, and removes what instrumentations then add a second
 * time: nodes refuse a request with two of `traceparent`.
 */
export function sendWithoutRepeated(headers: readonly string[], send: () => void): void {
  const remove = (message: unknown) => {
    const { request } = message as { readonly request: { headers: readonly string[] } };
    const isThis = headers.every((part, at) => request.headers[at] === part);
    if (!isThis || request.headers.length === headers.length) return;
    request.headers = withoutRepeated(headers, request.headers.slice(headers.length));
  };
  // The last of the listeners, and only while this request is created.
  requestCreated.subscribe(remove);
  try {
    send();
  } finally {
    requestCreated.unsubscribe(remove);
  }
}

/**
 * Both in one, each name once: what was added, if it is of the same trace, since its span is within ours; if not, ours,
 * since an instrumentation in a worker thread does not have the caller's context.
 */
export function withoutRepeated(ours: readonly string[], added: readonly string[]): readonly string[] {
  const trace = traceIdOf(headerIn(ours, "traceparent"));
  const isWithin = trace !== undefined && traceIdOf(headerIn(added, "traceparent")) === trace;
  return isWithin ? [...notIn(added, ours), ...added] : [...ours, ...notIn(ours, added)];
}

function notIn(others: readonly string[], headers: readonly string[]): readonly string[] {
  return headers.filter((_, at) => headerIn(others, headers[at - (at % 2)]?.toLowerCase()) === undefined);
}

/** @param name in lower case */
function headerIn(headers: readonly string[], name: string | undefined): string | undefined {
  for (let at = 0; at < headers.length; at += 2) if (headers[at]?.toLowerCase() === name) return headers[at + 1];
  return undefined;
}
