import { present } from "../present.js";
import { type OperationsInForce, operatorText } from "../view/drain.js";
import { viewLimits } from "../view/limits.js";
import type { OperationRequest, OperationResult } from "../view/operation-messages.js";
import type { Drain } from "../view/view.js";
import { operationTimes, spanText } from "./bounds.js";
import { findNode, type OperableNode, operableLabel } from "./find-node.js";

/** What becomes of one request. */
export interface OperationDecision extends Pick<OperationResult, "outcome" | "text" | "untilMs"> {
  /** The node that is meant. */
  readonly node?: OperableNode;
  /** What is in force from now on, if that changes. */
  readonly inForce?: OperationsInForce;
  /** The node's down mark is taken back. */
  readonly unmarks?: true;
}

/** Decides on one request: whatever is wrong with it, it is refused whole. `inForce`: what time has not ended by now. */
export function decideOperation(
  inForce: OperationsInForce,
  request: OperationRequest,
  nodes: readonly OperableNode[],
  nowMs: number,
): OperationDecision {
  switch (request.kind) {
    case "drain":
      return aboutNode(request, known(nodes, inForce), (node) => drain(inForce, request, node, nodes, nowMs));
    case "undrain":
      return aboutNode(request, known(nodes, inForce), (node) => undrain(inForce, request, node));
    case "unmark":
      return aboutNode(request, nodes, (node) => unmark(request, node));
    case "pause":
      return pause(inForce, request, nowMs);
    case "resume": {
      if (inForce.pause === undefined)
        return { outcome: "unchanged", text: "there is no pause: down marks are obeyed" };
      const text = `down marks are obeyed again: the pause is taken back ${byText(request)}`;
      return { outcome: "done", text, inForce: { ...inForce, pause: undefined } };
    }
  }
}

type Requested<Kind extends OperationRequest["kind"]> = Extract<OperationRequest, { readonly kind: Kind }>;

function aboutNode(
  { node: text }: Requested<"drain" | "undrain" | "unmark">,
  nodes: readonly OperableNode[],
  decide: (node: OperableNode) => OperationDecision,
): OperationDecision {
  const found = findNode(text, nodes);
  return "problem" in found ? refused(found.problem) : { node: found.node, ...decide(found.node) };
}

function drain(
  inForce: OperationsInForce,
  request: Requested<"drain">,
  node: OperableNode,
  nodes: readonly OperableNode[],
  nowMs: number,
): OperationDecision {
  const { by, reason, forMs, force } = request;
  const outOfBounds = boundsProblem("drain", forMs);
  if (outOfBounds !== undefined) return refused(outOfBounds);
  const before = inForce.drains.find((one) => isFor(one, node));
  const others = inForce.drains.filter((one) => !isFor(one, node));
  if (others.length >= viewLimits.drainsMax) return refused(`${others.length} nodes are drained already, the most`);
  const isOtherInUse = nodes.some(
    (other) => other.key !== node.key && other.standing === "in use" && !others.some((one) => isFor(one, other)),
  );
  if (!isOtherInUse && !force) {
    return refused(`no other node than ${operableLabel(node)} would be in use; force drains it all the same`);
  }
  const { id, address, name } = node;
  const sinceMs = before?.sinceMs ?? nowMs;
  const next: Drain = { ...present({ id, address, name }), sinceMs, untilMs: nowMs + forMs, by, reason };
  const text = `node ${operableLabel(node)} is drained by ${operatorText(next)}`;
  return { outcome: "done", text, untilMs: next.untilMs, inForce: { ...inForce, drains: [...others, next] } };
}

function undrain(inForce: OperationsInForce, request: Requested<"undrain">, node: OperableNode): OperationDecision {
  const drains = inForce.drains.filter((one) => !isFor(one, node));
  if (drains.length === inForce.drains.length) {
    return { outcome: "unchanged", text: `node ${operableLabel(node)} is not drained` };
  }
  const text = `the drain of node ${operableLabel(node)} is taken back ${byText(request)}`;
  return { outcome: "done", text, inForce: { ...inForce, drains } };
}

function unmark(request: Requested<"unmark">, node: OperableNode): OperationDecision {
  switch (node.standing) {
    case "down":
      return {
        outcome: "done",
        text: `the down mark of node ${operableLabel(node)} is taken back ${byText(request)}`,
        unmarks: true,
      };
    case "departed":
      return refused(`node ${operableLabel(node)} is down and not listed by the cluster: it returns once it is listed`);
    case "in use":
    case "waiting":
    case "unlisted":
      return { outcome: "unchanged", text: `node ${operableLabel(node)} is not marked down` };
  }
}

function pause(inForce: OperationsInForce, request: Requested<"pause">, nowMs: number): OperationDecision {
  const { by, reason, forMs } = request;
  const outOfBounds = boundsProblem("pause", forMs);
  if (outOfBounds !== undefined) return refused(outOfBounds);
  const next = { sinceMs: inForce.pause?.sinceMs ?? nowMs, untilMs: nowMs + forMs, by, reason };
  const text = `down marks are ignored: paused by ${operatorText(next)}`;
  return { outcome: "done", text, untilMs: next.untilMs, inForce: { ...inForce, pause: next } };
}

/** The nodes of the view, and those of drains that the view does not name. */
function known(nodes: readonly OperableNode[], { drains }: OperationsInForce): readonly OperableNode[] {
  const unlisted = drains
    .filter((one) => !nodes.some((node) => isFor(one, node)))
    .map(({ id, address, name }): OperableNode => {
      return { key: `${id}@${address}`, ...present({ id, address, name }), standing: "unlisted" };
    });
  return [...nodes, ...unlisted];
}

function isFor(drain: Drain, { id, address }: Pick<OperableNode, "id" | "address">): boolean {
  return (drain.id !== "" && drain.id === id) || drain.address === address;
}

function boundsProblem(kind: "drain" | "pause", forMs: number): string | undefined {
  const { minMs, maxMs } = operationTimes[kind];
  if (forMs >= minMs && forMs <= maxMs) return undefined;
  return `a ${kind} lasts from ${spanText(minMs)} to ${spanText(maxMs)}, not ${spanText(forMs)}`;
}

function byText({ by, reason }: OperationRequest): string {
  return `by ${by}${reason === "" ? "" : `: ${reason}`}`;
}

function refused(text: string): OperationDecision {
  return { outcome: "refused", text };
}
