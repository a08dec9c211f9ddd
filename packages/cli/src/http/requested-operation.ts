import { printable } from "@rollcall/core";
import { operationTimes } from "@rollcall/core/operations";
import { type OperationRequest, viewLimits } from "@rollcall/core/view";

/** What the page asks for, as it was sent. */
export type RequestedOperation = { readonly request: OperationRequest } | { readonly problem: string };

/** Where a request comes from. */
export interface OperationSource {
  readonly id: string;
  /** The client's address. */
  readonly from: string;
  readonly atMs: number;
}

const nameMax = 64;

/**
 * Reads `{ kind, node, forMs, reason, force, name }`: `kind` is "drain" or "undrain"; the others are optional but the
 * node. The leader judges what is asked for; here only its shape is checked.
 */
export function readRequestedOperation(body: unknown, { id, from, atMs }: OperationSource): RequestedOperation {
  if (typeof body !== "object" || body === null) return { problem: "the body must be a JSON object" };
  const fields = new Map(Object.entries(body));
  const text = (name: string, max: number) => {
    const value = fields.get(name) ?? "";
    return typeof value === "string" && value.length <= max ? value : undefined;
  };
  const kind = fields.get("kind");
  if (kind !== "drain" && kind !== "undrain") return { problem: 'kind must be "drain" or "undrain"' };
  const node = text("node", viewLimits.nodeTextMaxLength);
  if (node === undefined || node === "") return { problem: "node must name one: its address, name, id or key" };
  const reason = text("reason", viewLimits.operationReasonMaxLength);
  if (reason === undefined) {
    return { problem: `reason must be a text of at most ${viewLimits.operationReasonMaxLength} characters` };
  }
  const name = text("name", nameMax);
  if (name === undefined) return { problem: `name must be a text of at most ${nameMax} characters` };
  const by = `${name.trim() === "" ? "operator" : printable(name.trim())}@${from}`;
  const origin = { id, by, reason: printable(reason.trim()), atMs };
  if (kind === "undrain") return { request: { ...origin, kind, node } };

  const { initialMs, minMs, maxMs } = operationTimes.drain;
  const forMs = fields.get("forMs") ?? initialMs;
  if (typeof forMs !== "number" || !Number.isInteger(forMs) || forMs < minMs || forMs > maxMs) {
    return { problem: `forMs must be a whole number of milliseconds from ${minMs} to ${maxMs}` };
  }
  const force = fields.get("force") ?? false;
  if (typeof force !== "boolean") return { problem: "force must be true or false" };
  return { request: { ...origin, kind, node, forMs, force } };
}
