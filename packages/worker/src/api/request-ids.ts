import { traceIdOf } from "../dispatch/trace-parent.js";

/** By what people find a request elsewhere: in the cluster's own logs, and among their traces. */
export interface RequestIds {
  readonly opaqueId?: string;
  readonly traceId?: string;
}

export const noIds: RequestIds = {};

/** What a request's headers and its trace say of it. Headers: name, value, name, value; names in lower case. */
export function requestIds(headers: readonly string[], traceId: string | undefined): RequestIds {
  let opaqueId: string | undefined;
  let named = traceId;
  for (let at = 0; at < headers.length; at += 2) {
    if (headers[at] === "x-opaque-id") opaqueId = headers[at + 1];
    else if (named === undefined && headers[at] === "traceparent") named = traceIdOf(headers[at + 1]);
  }
  if (opaqueId === undefined) return named === undefined ? noIds : { traceId: named };
  return named === undefined ? { opaqueId } : { opaqueId, traceId: named };
}
