import { checkBulkOptions } from "./bulk-options.js";
import { BulkRun } from "./bulk-run.js";
import type { BulkOptions, BulkResult, BulkSource, HelperPool } from "./bulk-types.js";
import { systemEnvironment } from "./helper-timers.js";

/**
 * Sends everything of `source` by bulk requests: in chunks, several at once, as fast as the cluster takes it and the
 * source gives it. What the cluster refuses for now (429) is sent again after a while. Resolves once every operation has
 * succeeded or failed for good, also if all have failed: `failed` of the result, and `onFailed`, say so.
 *
 * @throws {RollcallError} where it ended early: the source is closed then, and nothing of it runs any more.
 *   `CONFIG` for options that cannot be used, an operation that is none, a source or a function of the caller that threw
 *   (its `cause`); `ABORTED`; `CLOSED`; `STATUS` where the cluster refuses every bulk request (401, 403, 404, 405); what
 *   the pool throws where no node accepts one, after all retries. What was read before a source's own error is sent;
 *   of the others `onFailed` gets each operation that was read and not sent
 */
export async function bulk<Item>(
  pool: HelperPool,
  source: BulkSource<Item> | string | Uint8Array,
  options: BulkOptions<Item> = {},
): Promise<BulkResult> {
  const checked = checkBulkOptions(pool, source, options);
  const isText = typeof source === "string" || source instanceof Uint8Array;
  const items = isText ? ([Buffer.from(source)] as Iterable<unknown> as Iterable<Item>) : source;
  return new BulkRun(pool, items, checked, systemEnvironment).run();
}
