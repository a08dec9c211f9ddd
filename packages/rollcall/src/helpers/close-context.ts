import type { PoolRequest } from "@rollcall/worker";
import type { HelperPool } from "./bulk-types.js";

/** Long enough for a cluster that works; a context that stays open ends by itself after its time. */
const closeWithinMs = 5_000;

/** Closes what a search holds in the cluster. Never throws: what ended the iteration counts. */
export async function closeContext(pool: HelperPool, path: string, body: PoolRequest["body"]): Promise<void> {
  try {
    await pool.request({ method: "DELETE", path, body, timeoutMs: closeWithinMs });
  } catch {
    // It ends by itself.
  }
}
