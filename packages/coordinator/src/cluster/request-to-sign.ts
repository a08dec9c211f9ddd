import type { RequestToSign } from "@rollcall/core/config";
import type { Endpoint } from "./endpoint.js";

/** What is known of a request when it is about to be sent. */
interface Outgoing {
  readonly method: string;
  /** With the endpoint's prefix. */
  readonly path: string;
  /** Name, value, name, value; without `host`. Names in lower case. */
  readonly headers: readonly string[];
  readonly body: RequestToSign["body"];
}

/** Instrumentations replace them after the signature. */
const replaced: ReadonlySet<string> = new Set(["traceparent", "tracestate"]);

/** The request as a hook signs it, with the `host` that the connection sends. */
export function requestToSign(
  { scheme, host, port, origin }: Endpoint,
  { method, path, headers, body }: Outgoing,
): RequestToSign {
  const signed: Record<string, string> = { host: new URL(origin).host };
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = headers[at] as string;
    if (!replaced.has(name)) signed[name] = headers[at + 1] as string;
  }
  return { method, scheme, host, port, path, headers: signed, body };
}
