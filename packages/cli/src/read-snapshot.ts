import { createRedisStore, ReplicaRegistry, systemTimers } from "@rollcall/coordinator";
import { redactRedis, type ViewPlace } from "@rollcall/core/config";
import type { HistoryEntry } from "@rollcall/core/view";
import { ActiveWarnings } from "./active-warnings.js";
import { fetchStatus } from "./fetch-status.js";
import { redisText } from "./redis-text.js";
import type { StatusSnapshot } from "./status-report.js";

/** A shared view at one moment, and what has happened to it. */
export interface ViewSnapshot {
  readonly status: StatusSnapshot;
  /** Oldest first; undefined if there is none, or it cannot be read. */
  readonly history: readonly HistoryEntry[] | undefined;
}

/** Connects to Redis, takes one snapshot, and closes. Never rejects because of Redis; ends early when `stop` fires. */
export async function readSnapshot(place: ViewPlace, waitMs: number, stop: AbortSignal): Promise<ViewSnapshot> {
  const warnings = new ActiveWarnings();
  const parts = { ...place, timers: systemTimers, random: Math.random, logger: warnings };
  const store = createRedisStore({ ...parts, mayLead: false });
  const replicas = new ReplicaRegistry(systemTimers);
  store.onHeartbeat((heartbeat) => replicas.record(heartbeat));
  try {
    const found = await fetchStatus(store, replicas, waitMs, stop);
    const history = await store.readHistory().catch(() => undefined);
    const shown = { name: place.name, redis: redisText(redactRedis(place.redis)) };
    return { status: { ...found, ...shown, warnings: warnings.texts }, history };
  } finally {
    await store.close();
  }
}
