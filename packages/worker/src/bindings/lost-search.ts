import type { RollcallErrorCode } from "@rollcall/core";
import type { Result } from "../dispatch/sender.js";

/** The node cannot be reached, or the pool does not have it any more. */
const unreachable: ReadonlySet<RollcallErrorCode> = new Set(["NO_NODE", "CONNECT", "TLS"]);

type Failed = Extract<Result, { readonly kind: "failed" }>;

/** The same failure, which says what it means for the search that its own node alone can go on with. */
export function lostSearch(what: string, node: string, { kind, error }: Failed): Failed {
  if (!unreachable.has(error.code)) return { kind, error };
  const lost = `the ${what} was opened at ${node} as that node's own user, and no other node can go on with it`;
  return { kind, error: { ...error, message: `${lost}; it is lost, so open it anew: ${error.message}` } };
}
