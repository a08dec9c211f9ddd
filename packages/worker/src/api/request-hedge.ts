import type { Classification } from "@rollcall/core/request";
import type { PoolRequest } from "./pool-request.js";
import type { RequestDefaults } from "./prepare-request.js";
import { requestProblem } from "./request-fields.js";

const keyMax = 64;
/** The template of Reads whose path is not listed: their callers give them the class. */
const unlisted = "other";

/** Checks what does not depend on the rest of the request. */
export function checkHedge({ hedge, hedgeKey }: PoolRequest, defaults: RequestDefaults): void {
  if (hedge !== undefined && typeof hedge !== "boolean") throw requestProblem("hedge", "must be true or false");
  if (hedge === true && defaults.hedge === false) {
    throw requestProblem("hedge", "must not be true where the pool has no option `hedge`");
  }
  if (hedgeKey === undefined) return;
  if (typeof hedgeKey === "string" && hedgeKey.length <= keyMax && /^[!-~]+$/.test(hedgeKey)) return;
  throw requestProblem("hedgeKey", `must be a text of 1 to ${keyMax} visible ASCII characters`);
}

/**
 * The template by which the Read is hedged; undefined: it is not. `mayMove`: it is a Read that another node may answer
 * in place of the first.
 */
export function hedgeTemplateOf(
  { hedge, hedgeKey }: PoolRequest,
  { kind = unlisted }: Classification,
  mayMove: boolean,
): string | undefined {
  if (mayMove) return hedge === false ? undefined : hedgeKey === undefined ? kind : `${kind} ${hedgeKey}`;
  if (hedge !== true) return undefined;
  throw requestProblem("hedge", "must not be true: only a Read that may go to any node, and may be retried, is hedged");
}
