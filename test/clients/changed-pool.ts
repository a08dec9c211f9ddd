import type { Pool, PoolRequest } from "@rollcall/worker";

/** A pool that sends something else than it is given: what an adapter with one thing wrong would do. */
export function changedPool(pool: Pool, change: (request: PoolRequest) => PoolRequest): Pool {
  return new Proxy(pool, {
    get(target, name) {
      if (name === "request") return (request: PoolRequest) => target.request(change(request));
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
