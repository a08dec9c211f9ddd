import type { PoolRequest } from "@rollcall/worker";
import type { Asked } from "../support/replica/index.js";

/**
 * Writes whose effect can be read from the nodes' counts: each has an index of its own, so it alone has written there,
 * however often and under whatever ids.
 */
export interface Write {
  readonly kind: WriteKind;
  readonly index: string;
  /** How many documents it is to write. */
  readonly items: number;
  readonly request: PoolRequest;
}

/**
 * put         PUT of a document by its id: may be sent again
 * post        POST without an id: never
 * bulk        items without ids: never
 * bulkById    items with ids, said to be repeatable
 */
export type WriteKind = (typeof writeKinds)[number];
export const writeKinds = ["put", "post", "bulk", "bulkById"] as const;

const itemsOfBulk = 3;

export function newWrite(kind: WriteKind, index: string, timeoutMs: number): Write {
  switch (kind) {
    case "put":
      return { kind, index, items: 1, request: { method: "PUT", path: `/${index}/_doc/1`, body: {}, timeoutMs } };
    case "post":
      return { kind, index, items: 1, request: { method: "POST", path: `/${index}/_doc`, body: {}, timeoutMs } };
    case "bulk":
    case "bulkById": {
      const ndjson = Array.from({ length: itemsOfBulk }, (_, at) => [
        { index: { _index: index, ...(kind === "bulk" ? {} : { _id: `${at + 1}` }) } },
        { at },
      ]).flat();
      const request = { method: "POST", path: "/_bulk", ndjson, timeoutMs } as const;
      return {
        kind,
        index,
        items: itemsOfBulk,
        request: kind === "bulk" ? request : { ...request, class: "repeatable" },
      };
    }
  }
}

/** What the nodes have done of one write: for every document of its index, how often it was written. */
export type Done = readonly number[];

export function doneByIndex(documents: ReadonlyMap<string, number>): ReadonlyMap<string, Done> {
  const done = new Map<string, number[]>();
  for (const [document, times] of documents) {
    const [index = ""] = document.split("/", 1);
    const counts = done.get(index);
    if (counts === undefined) done.set(index, [times]);
    else counts.push(times);
  }
  return done;
}

/** How what was done differs from the outcome that the caller received; undefined if it does not. */
export function brokenPromise({ kind, items }: Omit<Write, "request">, outcome: Asked, done: Done): string | undefined {
  const total = done.reduce((sum, times) => sum + times, 0);
  const most = Math.max(0, ...done);
  const isWhole = done.length === items;
  const isOnce = isWhole && most === 1;
  const isRepeatable = kind === "put" || kind === "bulkById";
  const isAnswered = "status" in outcome;

  if (!isAnswered && outcome.sent === "no") return total === 0 ? undefined : "said not to be sent, and was done";
  if (isAnswered && outcome.status < 300) {
    if (isRepeatable) {
      if (!isWhole) return "answered, and lost";
      return most <= outcome.attempts ? undefined : "done more often than it was sent";
    }
    return isOnce ? undefined : total === 0 ? "answered, and lost" : "answered, and not done exactly once";
  }
  if (isRepeatable) {
    // Its thread did not answer in time, and the claim word alone says that it was sent: how often is not known.
    if (!isAnswered && outcome.attempts === 0) return undefined;
    const refused = isAnswered ? 1 : 0;
    return most <= outcome.attempts - refused ? undefined : "done more often than it was sent";
  }
  if (isAnswered) return total === 0 ? undefined : "refused, and done";
  return total === 0 || isOnce ? undefined : "done more than once";
}
