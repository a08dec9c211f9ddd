import assert from "node:assert/strict";
import { it } from "node:test";
import type { Sender } from "../dispatch/sender.js";
import { Deadlines } from "./deadlines.js";
import { Requests } from "./requests.js";

it("the stack of a request's error names the function that awaits the request", async () => {
  const refusing = {
    start(_request: unknown, owner: Parameters<Sender["start"]>[1]) {
      const error = { code: "NO_NODE", message: "none", sent: "no", attempts: [] } as const;
      setImmediate(() => owner.settle({ kind: "failed", error }));
      return { cancel: () => {} };
    },
  } as unknown as Sender;
  const nowMs = () => performance.now();
  const requests = new Requests({
    sender: refusing,
    deadlines: new Deadlines(nowMs),
    defaults: { timeoutMs: 1_000, retry: false, hedge: false, maxResponseBytes: 10_000 },
    nowMs,
    count: () => {},
    protect: () => {},
  });
  async function functionOfTheCaller(): Promise<void> {
    await requests.request({ method: "GET", path: "/" });
  }
  const error = await functionOfTheCaller().catch((thrown: unknown) => thrown);
  assert.match(error instanceof Error ? (error.stack ?? "") : "", /functionOfTheCaller/);
});
