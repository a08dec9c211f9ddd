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
  "selection.none-left": ["nodes.in-use-again"],
  "selection.none-preferred": ["selection.preferred"],
  "cluster.access-denied": ["cluster.access-granted", "leader.ended"],
  "lookup.failed": ["lookup.answered", "leader.ended"],
  "list.addresses-unusable": ["list.addresses-usable", "leader.ended"],
  "list.unusable": ["list.used", "leader.ended"],
  "list.unserved": ["list.used", "leader.ended"],
  "list.none-usable": ["list.used", "leader.ended"],
  "list.held": ["list.complete", "leader.ended"],
  "auth.failed": ["auth.recovered"],
  "connections.over-budget": ["connections.within-budget", "leader.ended"],
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
  "redis.heads-late": ["redis.heads-in-time"],
  "redis.flooded": ["redis.flood-ended"],
  "operation.pause": ["operation.resume"],
};

/** They are over as soon as they are logged, or last as long as the process. */
const moments: readonly LogEventName[] = [
  ...(["cluster.replaced", "thread.died", "view.refilled", "redis.refused", "operation.refused"] as const),
  ...(["tls.unverified", "suffixes.unavailable", "sign.unusable", "redis.client-missing"] as const),
  ...(["configuration.needs-restart", "listener.threw", "store.listener-threw", "background.failed"] as const),
];

/** Nothing logs their end, and why that is not missed. */
const unended: Partial<Record<LogEventName, string>> = {
  "nodes.too-many": "each list that is too long logs it again: the last such line is the end",
  "discovery.differs": "it is logged once in a term: the next leader's first lines say whether it is so still",
  "list.only-managers":
    "no request fails or waits: it says which nodes a configuration uses, as node.joined does of others",
};

it("each warning has a line at its end, is a moment, or stands in the list of those whose end is not logged", () => {
  const placed = [...Object.keys(ends), ...moments, ...Object.keys(unended)];
  const warnings = Object.entries(logEvents).filter(([, { level }]) => level === "warn" || level === "error");
  assert.deepEqual(placed.sort(), warnings.map(([name]) => name).sort());
});

it("the line at the end of a warning is no warning", () => {
  for (const name of Object.values(ends).flat()) assert.equal(logEvents[name].level, "info", name);
});
