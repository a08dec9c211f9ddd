import { createRedisStore, examineRedis } from "@rollcall/coordinator";
import { type Random, silentLogger, type Timers } from "@rollcall/core";
import { type RedisConfig, redactRedis, type ViewPlace } from "@rollcall/core/config";
import { freshnessOf, type View } from "@rollcall/core/view";
import { readWhenConnected } from "../fetch-status.js";
import { redisText } from "../redis-text.js";
import { unlessStopped } from "../unless-stopped.js";
import type { RedisObservation, ViewObservation } from "./observations.js";

export interface RedisParts {
  readonly place: ViewPlace;
  readonly timers: Timers;
  readonly wallNowMs: () => number;
  readonly random: Random;
  readonly stop: AbortSignal;
}

/** Examines Redis, and reads the view there if it can be read. Writes nothing. Never rejects. */
export async function observeRedis(parts: RedisParts): Promise<RedisObservation> {
  const { place, stop } = parts;
  const known = {
    at: redisText(redactRedis(place.redis)),
    viewName: place.name,
    configuredAs: configuredAs(place.redis),
  };
  const examination = await unlessStopped(examineRedis({ ...parts, ...place }), stop);
  if (examination === undefined) return known;
  if (examination.kind === "away") return { ...known, examination };
  const view = await readView(parts);
  return { ...known, examination, ...(view === undefined ? {} : { view }) };
}

function configuredAs(redis: RedisConfig): RedisObservation["configuredAs"] {
  if (redis.kind === "cluster") return "cluster";
  return redis.kind === "options" && redis.options.sentinels !== undefined ? "sentinel" : "server";
}

async function readView({ place, timers, random, stop }: RedisParts): Promise<ViewObservation | undefined> {
  const store = createRedisStore({ ...place, timers, random, logger: silentLogger, mayLead: false });
  try {
    const seen = await unlessStopped(readWhenConnected(store, stop), stop);
    if (seen === undefined || seen.kind === "away") return undefined;
    return seen.kind === "none" ? seen : observationOf(seen.view, seen.nowMs);
  } finally {
    await store.close();
  }
}

function observationOf({ head, topology }: View, nowMs: number): ViewObservation {
  const ageMs = Math.max(0, Math.round(nowMs - head.atMs));
  const { source, nodes, clusterUuid, clusterName } = topology;
  return {
    ...{ kind: "view", freshness: head.released === true ? "released" : freshnessOf(ageMs), ageMs, source },
    nodes: nodes.length,
    ...(clusterUuid === undefined ? {} : { clusterUuid }),
    ...(clusterName === undefined ? {} : { clusterName }),
  };
}
