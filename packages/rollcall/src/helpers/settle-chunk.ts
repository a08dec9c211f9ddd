import type { Random } from "@rollcall/core";
import type { RollcallError } from "@rollcall/worker";
import { bulkBackoffMs } from "./bulk-backoff.js";
import type { BulkFailure } from "./bulk-types.js";
import { halves } from "./chunker.js";
import { type BulkVerdict, bulkFailure } from "./judge-bulk.js";
import type { Operation } from "./operation.js";

/** What a chunk needs of the bulk that it belongs to. */
export interface ChunkOwner {
  readonly retries: number;
  readonly random: Random;
  /** Why the bulk is to end, if it is. */
  readonly stoppedBy: RollcallError | undefined;
  send(operations: readonly Operation[]): Promise<BulkVerdict>;
  /** Counts operations that are done, and reports those that have failed. */
  report(succeeded: number, failures: readonly BulkFailure[]): Promise<void>;
  /** Waits, or until the bulk is to end. Counts the operations as sent again otherwise. */
  backOff(waitMs: number, operations: readonly Operation[]): Promise<void>;
  end(error: RollcallError): void;
}

/**
 * Sends operations until each has succeeded or failed for good.
 *
 *   send ──▶ items ──▶ settled
 *    ▲ │       └─ refused ─┐
 *    │ ├──▶ again ─────────┤──▶ no more retries: settled
 *    │ └──▶ split          ▼
 *    │        └▶ twice   back off
 *    └─────────────────────┘
 */
export async function settleChunk(operations: readonly Operation[], owner: ChunkOwner): Promise<void> {
  let left = operations;
  for (let retry = 1; ; retry++) {
    const { stoppedBy } = owner;
    if (stoppedBy !== undefined) return owner.report(0, allOf(left, stoppedBy, false));

    const verdict = await owner.send(left);
    let refusal: RollcallError;
    let atLeastMs = 0;
    let isUnsent = false;
    switch (verdict.next) {
      case "split":
        for (const half of halves(left)) await settleChunk(half, owner);
        return;
      case "end":
        owner.end(verdict.error);
        return owner.report(0, allOf(left, verdict.error, verdict.mayBeApplied));
      case "failed":
        return owner.report(0, allOf(left, verdict.error, verdict.mayBeApplied));
      case "items": {
        const { refused, failures } = verdict;
        await owner.report(left.length - refused.length - failures.length, failures);
        if (verdict.refusal === undefined) return;
        refusal = verdict.refusal;
        left = refused;
        break;
      }
      case "again":
        refusal = verdict.error;
        atLeastMs = verdict.afterMs;
        isUnsent = verdict.isUnsent;
        break;
    }
    if (retry > owner.retries) {
      if (isUnsent) owner.end(refusal);
      return owner.report(0, allOf(left, refusal, false));
    }
    await owner.backOff(Math.max(atLeastMs, bulkBackoffMs(retry, owner.random)), left);
  }
}

function allOf(operations: readonly Operation[], error: RollcallError, mayBeApplied: boolean): BulkFailure[] {
  return operations.map((operation) => bulkFailure(operation, error, mayBeApplied));
}
