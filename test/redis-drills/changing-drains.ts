import { randomUUID } from "node:crypto";
import { createRedisStore, systemTimers } from "@rollcall/coordinator";
import { present, silentLogger } from "@rollcall/core";
import { parseViewPlace } from "@rollcall/core/config";

const changeEveryMs = 2_000;

/**
 * An operator who drains a node and takes that back, again and again, as far as Redis and a leader allow: so there are
 * always new marks.
 */
export function changeDrains(
  { redis, name, secret }: { readonly redis: unknown; readonly name: string; readonly secret?: string },
  node: string,
): AsyncDisposable {
  const parts = { timers: systemTimers, random: Math.random, logger: silentLogger, mayLead: false };
  const store = createRedisStore({ ...parseViewPlace({ redis, name, ...present({ secret }) }), ...parts });
  let isDrained = false;
  const changes = setInterval(() => {
    const origin = { id: randomUUID(), by: "drill", reason: "", atMs: store.nowMs(), node };
    isDrained = !isDrained;
    store
      .sendOperation(
        isDrained ? { ...origin, kind: "drain", forMs: 60_000, force: false } : { ...origin, kind: "undrain" },
      )
      .catch(() => {});
  }, changeEveryMs);
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(changes);
      await store.close();
    },
  };
}
