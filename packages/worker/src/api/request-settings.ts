import { printable } from "@rollcall/core";
import { bounds, type PoolConfig } from "@rollcall/core/config";
import { type Priority, priorities } from "@rollcall/core/overload";
import type { RequestSettings } from "../dispatch/sender.js";
import type { PoolRequest } from "./pool-request.js";
import type { RequestDefaults } from "./prepare-request.js";
import { requestProblem } from "./request-fields.js";

const statusesMax = 64;

/** Of `auth`, where the pool signs. */
export const refusedAuth = "must not be given: the pool signs its requests (`sign`)";

/** How often the request may be retried: by its own `retry`, else by the pool's. */
export function maxRetriesOf({ retry }: PoolRequest, ofPool: PoolConfig["retry"]): number {
  const most = ofPool === false ? 0 : ofPool.max;
  if (retry === undefined) return most;
  if (retry === false) return 0;
  if (typeof retry !== "object" || retry === null) throw requestProblem("retry", "must be false or { max, statuses }");
  for (const name in retry) {
    if (name !== "max" && name !== "statuses")
      throw requestProblem("retry", "has an unknown field: it takes `max` and `statuses`");
  }
  if (retry.max === undefined) return most;
  const { min, max } = bounds.retry.max;
  if (Number.isInteger(retry.max) && retry.max >= min && retry.max <= max) return retry.max;
  throw requestProblem("retry.max", `must be a whole number from ${min} to ${max}; \`retry: false\` is one attempt`);
}

/** What the request alone asks for; undefined for most. */
export function settingsOf(request: PoolRequest, defaults: RequestDefaults): RequestSettings | undefined {
  const hasOwnAuth = request.auth !== undefined || defaults.own?.authorization !== undefined;
  if (hasOwnAuth && defaults.sign !== undefined) throw requestProblem("auth", refusedAuth);
  const finalStatuses = finalStatusesOf(request);
  const maxResponseBytes = maxResponseBytesOf(request, defaults.maxResponseBytes);
  const hasGivenBody = request.transfer === true;
  const node = nodeOf(request);
  const priority = priorityOf(request);
  const isPlain = finalStatuses === undefined && maxResponseBytes === undefined && node === undefined;
  if (isPlain && priority === undefined && !hasOwnAuth && !hasGivenBody) return undefined;
  return { finalStatuses, maxResponseBytes, hasOwnAuth, hasGivenBody, node, priority };
}

function priorityOf({ priority }: PoolRequest): Priority | undefined {
  if (priority === undefined || priorities.includes(priority)) return priority;
  const given =
    typeof priority === "string"
      ? JSON.stringify(printable(priority).slice(0, 40))
      : `a value of type ${typeof priority}`;
  throw requestProblem("priority", `must be "high", "normal" or "low"; it is ${given}`);
}

const nodeNameMax = 512;

function nodeOf({ node }: PoolRequest): string | undefined {
  if (node === undefined) return undefined;
  if (typeof node === "string" && node.trim() !== "" && node.length <= nodeNameMax) return node;
  const isText = typeof node === "string";
  const given = isText ? `a text of ${node.length} characters` : isThing(node) ? "an object" : printable(String(node));
  const allowed = `the address, name or id of a node, such as "es1:9200": a text of 1 to ${nodeNameMax} characters`;
  throw requestProblem("node", `must be ${allowed}; it is ${given}`);
}

function isThing(value: unknown): boolean {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

function finalStatusesOf({ retry }: PoolRequest): readonly number[] | undefined {
  if (typeof retry !== "object" || retry.statuses === undefined) return undefined;
  const { statuses } = retry;
  const isStatus = (status: unknown) => Number.isInteger(status) && Number(status) >= 400 && Number(status) <= 599;
  if (Array.isArray(statuses) && statuses.length <= statusesMax && statuses.every(isStatus)) return [...statuses];
  throw requestProblem("retry.statuses", `must be a list of at most ${statusesMax} statuses from 400 to 599`);
}

function maxResponseBytesOf({ maxResponseBytes }: PoolRequest, max: number): number | undefined {
  const { min } = bounds.maxResponseBytes;
  if (maxResponseBytes === undefined) return undefined;
  if (Number.isInteger(maxResponseBytes) && maxResponseBytes >= min && maxResponseBytes <= max) return maxResponseBytes;
  throw requestProblem("maxResponseBytes", `must be a whole number from ${min} to ${max}, the pool's own limit`);
}
