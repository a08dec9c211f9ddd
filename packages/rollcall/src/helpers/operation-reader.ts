import { isUtf8 } from "node:buffer";
import { messageOf } from "@rollcall/core";
import { RollcallError } from "@rollcall/worker";
import type { BulkFailure, BulkItem, BulkOptions } from "./bulk-types.js";
import { type Action, actionOf, type Operation } from "./operation.js";

/** An operation; or why there is none, and the source goes on; or nothing yet, for an action whose document follows. */
export type ReadOperation = Operation | BulkFailure | undefined;

const hasDocument = ({ action }: Action) => action !== "delete";

/**
 * Makes operations of what a source holds: objects and lines.
 *
 *   action ──▶ waits for its document ──▶ action
 *      └─ delete, pairs, `operation` ─────────┘
 */
export class OperationReader<Item> {
  /** How many operations there were so far. */
  position = 0;
  private waiting: { readonly action: Action; readonly line: string } | undefined;

  constructor(private readonly options: Pick<BulkOptions<Item>, "index" | "operation">) {}

  /** @throws {RollcallError} `CONFIG` where what follows could not be read either, and where `operation` throws */
  read(item: Item): ReadOperation {
    const { waiting } = this;
    if (waiting !== undefined) {
      this.waiting = undefined;
      return this.made(waiting.action, waiting.line, () => documentLine(item));
    }
    const { operation } = this.options;
    if (operation !== undefined) return this.decided(this.decide(operation, item), item);
    if (Array.isArray(item)) return this.pair(item);
    const { action, line } = this.actionIn(item);
    if (!hasDocument(action)) return this.made(action, line, undefined);
    this.waiting = { action, line };
    return undefined;
  }

  /** @throws {RollcallError} `CONFIG` where the last action has no document */
  end(): void {
    if (this.waiting !== undefined) throw this.problem("has no document: the source ended after it");
  }

  private decide(operation: NonNullable<BulkOptions<Item>["operation"]>, item: Item): unknown {
    try {
      return operation(item as BulkItem<Item>, this.position);
    } catch (cause) {
      throw new RollcallError("CONFIG", `bulk.operation threw an error at position ${this.position}`, { cause });
    }
  }

  private decided(decided: unknown, item: Item): ReadOperation {
    if (Array.isArray(decided)) return this.pair(decided);
    const { action, line } = this.actionIn(decided);
    if (!hasDocument(action)) return this.made(action, line, undefined);
    return this.made(action, line, () => {
      const document = documentLine(item);
      return action.action === "update" ? `{"doc":${document}}` : document;
    });
  }

  private pair(pair: readonly unknown[]): ReadOperation {
    const { action, line } = this.actionIn(pair[0]);
    return this.made(action, line, hasDocument(action) ? () => documentLine(pair[1]) : undefined);
  }

  private actionIn(value: unknown): { readonly action: Action; readonly line: string } {
    try {
      const isText = typeof value === "string";
      const action = actionOf(isText ? JSON.parse(value) : value, this.options.index);
      if (action !== undefined) return { action, line: isText ? oneLine(value) : jsonOf(value) };
    } catch {
      // Falls through: the message of the parser quotes the text.
    }
    throw this.problem("must be one of { index: … }, { create: … }, { update: … } and { delete: … }");
  }

  private made(
    { action, index, id, isRepeatable }: Action,
    line: string,
    document: (() => string) | undefined,
  ): ReadOperation {
    const position = this.position++;
    try {
      const lines = document === undefined ? [line] : [line, document()];
      let byteLength = 0;
      for (const one of lines) byteLength += Buffer.byteLength(one) + 1;
      // Field by field: to spread another object here took more time than its JSON.
      return { position, action, index, id, isRepeatable, lines, byteLength };
    } catch (cause) {
      const message = `the document at position ${position} cannot be sent: ${messageOf(cause)}`;
      const error = new RollcallError("CONFIG", message, { cause });
      return { position, action, index, id, error, mayBeApplied: false, ndjson: "" };
    }
  }

  private problem(allowed: string): RollcallError {
    return new RollcallError("CONFIG", `bulk: the operation at position ${this.position} ${allowed}`);
  }
}

export function isFailure(read: Operation | BulkFailure): read is BulkFailure {
  return "error" in read;
}

function documentLine(value: unknown): string {
  if (typeof value === "string") return oneLine(value);
  if (value instanceof Uint8Array) {
    if (!isUtf8(value)) throw new Error("its bytes are not a text in UTF-8");
    return oneLine(Buffer.from(value).toString("utf8"));
  }
  if (typeof value !== "object" || value === null || isNoDocument(value)) {
    throw new Error("it must be an object that JSON can express, or one line of JSON");
  }
  return jsonOf(value);
}

/** JSON makes `{}` or a list of a promise, a map, a set or a list, without an error. */
function isNoDocument(value: object): boolean {
  if ("toJSON" in value && typeof value.toJSON === "function") return false;
  return (
    Symbol.iterator in value || Symbol.asyncIterator in value || ("then" in value && typeof value.then === "function")
  );
}

function oneLine(text: string): string {
  const line = text.trim();
  if (line === "") throw new Error("it is empty");
  if (/[\n\r]/.test(line)) throw new Error("it must be one line: JSON without line breaks");
  return line;
}

function jsonOf(value: unknown): string {
  let json: string | undefined;
  try {
    json = JSON.stringify(value);
  } catch {
    // Falls through: the message of JSON.stringify may quote the value.
  }
  if (json === undefined) throw new Error("JSON cannot express it");
  return json;
}
