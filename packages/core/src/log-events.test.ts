import assert from "node:assert/strict";
import { it } from "node:test";
import { type LogEventName, logEvents } from "./log-events.js";

/** Every warning or error begins something that lasts, and these lines say that it is over. */
const ends: Partial<Record<LogEventName, readonly LogEventName[]>> = {
  "node.down": ["node.recovered", "node.gone"],
  "node.disputed": ["node.dispute-ended"],
  "node.refused": ["node.in-use", "node.gone"],
  "node.unreached": ["node.joined", "node.in-use", "node.gone"],
  "node.ejected": ["node.used-again"],
  "node.penalized": ["node.penalty-ended"],
  "nodes.none-in-use": ["nodes.in-use-again"],
  "proxy.failed": ["proxy.recovered"],
  "sign.failed": ["sign.recovered"],
  "file.refused": ["file.reread"],
  "threads.refused": ["threads.recovered"],
  "threads.replaced": ["threads.recovered"],
  "thread.not-started": ["threads.recovered"],
  "configuration.refused": ["configuration.reloaded"],
  "leader.lost": ["leader.elected"],
  "view.stale": ["view.recovered"],
  "view.orphaned": ["view.recovered"],
  "view.private": ["view.recovered"],
  "lease.failed": ["lease.answered"],
  "view.unread": ["view.read"],
  "view.unpublished": ["view.published", "leader.ended"],
  "history.unwritten": ["history.written", "leader.ended"],
  "redis.lost": ["redis.recovered"],
  "redis.unreadable": ["redis.readable"],
  "redis.unsubscribed": ["redis.subscribed"],
  "redis.unsharded": ["redis.sharded"],
  "redis.other-secret": ["redis.same-secret"],
  "redis.flooded": ["redis.flood-ended"],
  "operation.pause": ["operation.resume"],
};

/** They are over as soon as they are logged, or last as long as the process. */
const moments: readonly LogEventName[] = [
  ...(["cluster.replaced", "thread.died", "view.refilled", "redis.refused", "operation.refused"] as const),
  ...(["tls.unverified", "suffixes.unavailable", "sign.unusable", "redis.client-missing"] as const),
  ...(["configuration.needs-restart", "listener.threw", "store.listener-threw", "background.failed"] as const),
];

/** They last until an operator has corrected an option, or the next list of nodes has come: nothing logs their end. */
const unended: readonly LogEventName[] = [
  ...(["nodes.too-many", "selection.none-left", "selection.none-preferred", "cluster.access-denied"] as const),
  ...(["lookup.failed", "discovery.differs", "list.unserved", "list.addresses-unusable", "list.none-usable"] as const),
  ...(["list.unusable", "list.held", "list.only-managers", "auth.failed", "connections.over-budget"] as const),
];

it("each warning has a line at its end, is a moment, or stands in the list of those whose end is not logged", () => {
  const placed = [...Object.keys(ends), ...moments, ...unended];
  const warnings = Object.entries(logEvents).filter(([, { level }]) => level === "warn" || level === "error");
  assert.deepEqual(placed.sort(), warnings.map(([name]) => name).sort());
});

it("the line at the end of a warning is no warning", () => {
  for (const name of Object.values(ends).flat()) assert.equal(logEvents[name].level, "info", name);
});
