import { present } from "../present.js";
import type { Reducer } from "../reducer-runner.js";
import { type OperationsInForce, operationsEndMs, operationsInForce } from "../view/drain.js";
import type { OperationKind, OperationRequest, OperationResult } from "../view/operation-messages.js";
import type { Marks } from "../view/view.js";
import { operationTimes } from "./bounds.js";
import { decideOperation, type OperationDecision } from "./decide-operation.js";
import { type OperableNode, operableLabel } from "./find-node.js";

/** So many of the last answers are kept: a request that is repeated has the same answer. */
const answersMax = 256;

/**
 * What operators have asked of the leader, as far as it is in force: a drain for each of some nodes, and a pause.
 *
 *   a request ──refused──▶ answered                             nothing has changed
 *             ──done────▶ in force ──▶ published ──▶ answered
 *                            │
 *                            └── its time is over, or it is taken back ──▶ gone
 *
 * A request that is repeated with the same id is carried out once. A new leader inherits what is in force.
 *
 * All times are on the store's clock, in milliseconds.
 */
export interface Operations extends OperationsInForce {
  /** By the id of the request, the oldest first. */
  readonly answers: ReadonlyMap<string, OperationResult>;
}

export const noOperations: Operations = { drains: [], pause: undefined, answers: new Map() };

export type OperationsEvent =
  /** What the last leader published; the first event, or none. */
  | { readonly type: "inherited"; readonly marks: Pick<Marks, "drains" | "pause"> }
  /** `nodes`: all of the view. */
  | { readonly type: "requested"; readonly request: OperationRequest; readonly nodes: readonly OperableNode[] }
  /** Due at {@link operationsDueMs}; at any other time it does nothing. */
  | { readonly type: "tick" };

export type OperationsEffect =
  /** What is in force has changed: publish it. */
  | { readonly type: "changed" }
  /** Take the node's down mark back. */
  | { readonly type: "unmark"; readonly key: string; readonly reason: string }
  /** Answer once all that came before is published, and then record what was done. */
  | { readonly type: "answer"; readonly result: OperationResult; readonly record?: OperationRecord }
  /** Time has ended something. */
  | { readonly type: "record"; readonly record: OperationRecord };

/** What has happened, for the log and the history. */
export interface OperationRecord {
  /** "refused": nothing has changed. "undrain" and "resume" also where time has ended a drain or a pause. */
  readonly kind: OperationKind | "refused";
  /** Absent where it is about all, and where it was not found. */
  readonly node?: Pick<OperableNode, "key" | "address" | "name">;
  /** Absent where time alone did it. */
  readonly by?: string;
  readonly reason?: string;
  readonly untilMs?: number;
  /** All of it, for people. */
  readonly text: string;
}

type OperationsStep = readonly [Operations, readonly OperationsEffect[]];

/** Takes one event into account. The effects are to be carried out in their order. */
export function nextOperations(before: Operations, event: OperationsEvent, nowMs: number): OperationsStep {
  switch (event.type) {
    case "inherited":
      return [{ ...before, ...bounded(operationsInForce(event.marks, nowMs), nowMs) }, []];
    case "tick":
      return endOverdue(before, nowMs);
    case "requested":
      return answer(before, event.request, event.nodes, nowMs);
  }
}

/** When the next `tick` is due; undefined while nothing is in force. */
export function operationsDueMs(operations: Operations): number | undefined {
  const dueMs = operationsEndMs(operations);
  return dueMs === Number.POSITIVE_INFINITY ? undefined : dueMs;
}

/** For a `ReducerRunner` whose clock is the store's. */
export const operationsReducer: Reducer<Operations, OperationsEvent, OperationsEffect> = {
  next: nextOperations,
  dueMs: operationsDueMs,
  tick: { type: "tick" },
};

/** Any process with access to the store may have written it: nothing lasts longer than an operator may ask for. */
function bounded({ drains, pause }: OperationsInForce, nowMs: number): OperationsInForce {
  const cut = <Timed extends { readonly sinceMs: number; readonly untilMs: number }>(timed: Timed, maxMs: number) => {
    return { ...timed, sinceMs: Math.min(timed.sinceMs, nowMs), untilMs: Math.min(timed.untilMs, nowMs + maxMs) };
  };
  return {
    drains: drains.map((drain) => cut(drain, operationTimes.drain.maxMs)),
    pause: pause && cut(pause, operationTimes.pause.maxMs),
  };
}

function endOverdue(before: Operations, nowMs: number): OperationsStep {
  const inForce = operationsInForce(before, nowMs);
  const ended = before.drains.filter((drain) => !inForce.drains.includes(drain));
  const isPauseOver = before.pause !== undefined && inForce.pause === undefined;
  if (ended.length === 0 && !isPauseOver) return [before, []];
  const records = ended.map(({ id, address, name }): OperationRecord => {
    const node = { key: `${id}@${address}`, ...present({ address, name }) };
    return { kind: "undrain", node, text: `the drain of node ${operableLabel(node)} is over: its time has passed` };
  });
  const ofPause: OperationRecord = {
    kind: "resume",
    text: "down marks are obeyed again: the time of the pause has passed",
  };
  const all = isPauseOver ? [...records, ofPause] : records;
  return [
    { ...before, ...inForce },
    [{ type: "changed" }, ...all.map((record) => ({ type: "record", record }) as const)],
  ];
}

function answer(
  before: Operations,
  request: OperationRequest,
  nodes: readonly OperableNode[],
  nowMs: number,
): OperationsStep {
  const given = before.answers.get(request.id);
  if (given !== undefined) return [before, [{ type: "answer", result: given }]];
  const decision = decideOperation(operationsInForce(before, nowMs), request, nodes, nowMs);
  const { outcome, text, untilMs, node, inForce, unmarks } = decision;
  const result = { id: request.id, outcome, text, ...present({ node: node?.key, untilMs }) };
  const answers = new Map([...before.answers, [request.id, result] as const].slice(-answersMax));
  const effects: OperationsEffect[] = [];
  if (inForce !== undefined) effects.push({ type: "changed" });
  if (unmarks && node !== undefined) {
    effects.push({ type: "unmark", key: node.key, reason: `its down mark is taken back by ${request.by}` });
  }
  effects.push({ type: "answer", result, ...present({ record: recordOf(request, decision) }) });
  return [{ ...before, ...inForce, answers }, effects];
}

function recordOf(
  request: OperationRequest,
  { outcome, text, node, untilMs }: OperationDecision,
): OperationRecord | undefined {
  if (outcome === "unchanged") return undefined;
  const { kind, by, reason } = request;
  const about = { node, by, reason: reason === "" ? undefined : reason, untilMs };
  if (outcome === "done") return { kind, text, ...present(about) };
  return { kind: "refused", text: `${kind} by ${by} is refused: ${text}`, ...present(about) };
}
