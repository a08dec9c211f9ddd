import { readVersion } from "./codec.js";
import {
  type Decoded,
  decodeWith,
  type Fields,
  parseJson,
  readBoolean,
  readInteger,
  readName,
  readObject,
  readOneOf,
  readOptional,
  readString,
  readTime,
} from "./json-fields.js";
import { viewLimits } from "./limits.js";
import type { Version } from "./version.js";

/**
 * What an operator asks of the leader.
 *
 *   drain    no process sends the node a new request, for so long; `force`: also where no other node is in use
 *   undrain  takes a drain back
 *   pause    every process ignores shared down marks, for so long
 *   resume   takes a pause back
 *   unmark   takes a node's down mark back, until there is new evidence
 */
export type OperationRequest = OperationOrigin &
  (
    | { readonly kind: "drain"; readonly node: string; readonly forMs: number; readonly force: boolean }
    | { readonly kind: "pause"; readonly forMs: number }
    | { readonly kind: "undrain"; readonly node: string }
    | { readonly kind: "unmark"; readonly node: string }
    | { readonly kind: "resume" }
  );

interface OperationOrigin {
  /** Chosen by the sender, unique, 1 to 64 characters. It is repeated with the same id until it is answered. */
  readonly id: string;
  /** For people: `user@host`. */
  readonly by: string;
  /** For people; may be "". */
  readonly reason: string;
  /** When the operator asked, on the store's clock, in milliseconds. */
  readonly atMs: number;
}

export const operationKinds = ["drain", "undrain", "pause", "resume", "unmark"] as const;
export type OperationKind = (typeof operationKinds)[number];

/** What the leader has made of a request. */
export interface OperationResult {
  /** Of the request. */
  readonly id: string;
  /**
   * done        it is published
   * unchanged   it was so already
   * refused     nothing has changed; the text says why
   */
  readonly outcome: "done" | "unchanged" | "refused";
  /** For people. */
  readonly text: string;
  /** Of the marks that hold what was asked for; absent where it was refused. */
  readonly marks?: Version;
  /** The node that was meant, by its `nodeKey`. */
  readonly node?: string;
  /** When a drain or a pause ends, on the store's clock, in milliseconds. */
  readonly untilMs?: number;
}

// As JSON, each on a channel of its own. A message with one bad field is refused whole; unknown fields are dropped.

export function encodeOperationRequest(request: OperationRequest): string {
  return JSON.stringify({
    ...request,
    by: request.by.slice(0, viewLimits.operatorMaxLength),
    reason: request.reason.slice(0, viewLimits.operationReasonMaxLength),
  });
}

export function decodeOperationRequest(bytes: Uint8Array): Decoded<OperationRequest> {
  return decodeWith(() => {
    const fields = readMessage(bytes);
    const origin = {
      id: readName(fields.get("id"), "id", viewLimits.requestIdMaxLength),
      by: readName(fields.get("by"), "by", viewLimits.operatorMaxLength),
      reason: readString(fields.get("reason"), "reason", viewLimits.operationReasonMaxLength),
      atMs: readTime(fields.get("atMs"), "atMs"),
    };
    const node = () => readName(fields.get("node"), "node", viewLimits.nodeTextMaxLength);
    const forMs = () => readInteger(fields.get("forMs"), "forMs", 0, viewLimits.countMax);
    const kind = readOneOf(fields.get("kind"), "kind", operationKinds);
    switch (kind) {
      case "drain":
        return { ...origin, kind, node: node(), forMs: forMs(), force: readBoolean(fields.get("force"), "force") };
      case "pause":
        return { ...origin, kind, forMs: forMs() };
      case "undrain":
      case "unmark":
        return { ...origin, kind, node: node() };
      case "resume":
        return { ...origin, kind };
    }
  });
}

export function encodeOperationResult(result: OperationResult): string {
  return JSON.stringify({ ...result, text: result.text.slice(0, viewLimits.operationTextMaxLength) });
}

export function decodeOperationResult(bytes: Uint8Array): Decoded<OperationResult> {
  return decodeWith(() => {
    const fields = readMessage(bytes);
    return {
      id: readName(fields.get("id"), "id", viewLimits.requestIdMaxLength),
      outcome: readOneOf(fields.get("outcome"), "outcome", ["done", "unchanged", "refused"]),
      text: readString(fields.get("text"), "text", viewLimits.operationTextMaxLength),
      ...readOptional(fields, "marks", readVersion),
      ...readOptional(fields, "node", (node, what) => readString(node, what, viewLimits.keyMaxLength)),
      ...readOptional(fields, "untilMs", readTime),
    };
  });
}

function readMessage(bytes: Uint8Array): Fields {
  return readObject(parseJson(bytes, viewLimits.operationMaxBytes), "message");
}
