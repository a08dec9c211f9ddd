import { type PoolRequest, type PoolResponse, RollcallError } from "@rollcall/worker";
import type { HelperPool } from "./bulk-types.js";

export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly attempts?: number;
}

export interface ScriptedPool extends HelperPool {
  readonly requests: PoolRequest[];
}

/** A pool that answers as `answer` says, or rejects with what it throws. */
export function scriptedPool(answer: (request: PoolRequest, at: number) => Reply | Promise<Reply>): ScriptedPool {
  const requests: PoolRequest[] = [];
  return {
    requests,
    async request<T>(request: PoolRequest) {
      requests.push(request);
      return answerOf(await answer(request, requests.length - 1)) as PoolResponse<T>;
    },
  };
}

export function answerOf({ status = 200, headers = {}, body, attempts = 1 }: Reply): PoolResponse {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const answer = {
    status,
    ok: status >= 200 && status < 300,
    headers,
    node: "n1:9200",
    nodeUrl: "http://n1:9200",
    attempts: Array.from({ length: attempts }, () => ({ node: "n1:9200", code: String(status), ms: 1 })),
    json: () => JSON.parse(text) as unknown,
    text: () => text,
    bytes: () => Buffer.from(text),
    throwIfError() {
      if (status < 400) return answer;
      throw new RollcallError("STATUS", `n1:9200 answered ${status}`, { sent: "maybe", status, body });
    },
  };
  return answer;
}

/** The operations of a bulk body, as `[action, id]`. */
export function operationsIn(request: PoolRequest): (readonly [string, string])[] {
  const lines = String(request.body).trimEnd().split("\n");
  const found: (readonly [string, string])[] = [];
  for (let at = 0; at < lines.length; at++) {
    const [[action = "", data] = []] = Object.entries(JSON.parse(lines[at] ?? "") as Record<string, { _id: string }>);
    found.push([action, data?._id ?? ""]);
    if (action !== "delete") at++;
  }
  return found;
}

/** An item for each operation of the request; `statusOf` says with which status. */
export function itemsFor(request: PoolRequest, statusOf: (id: string) => number = () => 201): Reply {
  const items = operationsIn(request).map(([action, id]) => {
    const status = statusOf(id);
    const error = status < 400 ? {} : { error: { type: "some_exception", reason: `not ${id}` } };
    return { [action]: { status, ...error } };
  });
  return { body: { errors: true, items } };
}
