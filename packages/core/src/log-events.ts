import type { Logger } from "./logger.js";

/** What a log line of one kind means. */
export interface LogEvent {
  readonly level: keyof Logger;
  readonly means: string;
  /** What an operator does about it; "": nothing. */
  readonly todo: string;
}

const line = (level: LogEvent["level"], means: string, todo = ""): LogEvent => ({ level, means, todo });

/**
 * Every event that is logged or stands in a view's history. `docs/log-events.md` is this table, with the texts of the
 * lines beside it.
 *
 * A name is stable, unlike a text: it is what an alert matches. A new kind of line gets a row here first.
 */
export const logEvents = {
  // Nodes, by the leader, for all processes.
  "node.unverified": line("info", "it is configured, and requests go to it before its first answer"),
  "node.in-use": line("info", "it is configured, or it has proved to belong to the cluster"),
  "node.joining": line("info", "the cluster lists it; it is used once it has answered"),
  "node.joined": line("info", "a new node; its full share comes in 4 to 30 s"),
  "node.down": line(
    "warn",
    "two probes of the leader failed, and so did another process, if there is one",
    "check the node; the line gives the reason and how many processes reported it",
  ),
  "node.recovered": line("info", "it answered as many probes as its return requires"),
  "node.full-share": line("info", "30 s after it joined or came back"),
  "node.leaving": line("info", "the cluster no longer lists it"),
  "node.gone": line("info", "its requests have ended, and it is forgotten"),
  "node.disputed": line(
    "warn",
    "the leader cannot reach it, and no other process confirms that; it stays in use",
    "check the network between the leader and the node; without a replica in the line, whether other processes are blocked or cannot reach Redis",
  ),
  "node.dispute-ended": line("info", "the leader can connect to it again"),
  "node.refused": line(
    "warn",
    "credentials may not be sent there, or none is configured for it",
    "set the option that the line names",
  ),
  "node.unreached": line(
    "warn",
    "its address cannot be reached, or belongs to another cluster",
    "[`addressMap`](discovery.md#docker-nat-tunnels-addressmap), or wait",
  ),

  // Nodes, by one process, for itself.
  "node.ejected": line("warn", "three connections in a row failed", "nothing: a probe tries again"),
  "node.used-again": line(
    "info",
    "the node serves this process again; the line closes the incident: how long, and what it cost here",
  ),
  "node.penalized": line(
    "warn",
    "it is slower than the others or fails more often, by the figures in the line, and gets few requests",
    "look at that node: load, garbage collection, disk; if only one process logs it, at the network between them",
  ),
  "node.penalty-ended": line(
    "info",
    "it has done as well as the others for 10 s; or it went out of use, or got no request for five minutes",
  ),
  "nodes.none-in-use": line("error", "all nodes are down or ejected", "check the cluster, and the network to it"),
  "nodes.in-use-again": line("info", "at least one node is in use again"),
  "nodes.too-many": line("warn", "the limit is 20,480"),
  "selection.none-left": line(
    "error",
    "no listed node is one that the option names, or no list could be read for 5 s; requests fail with `NO_NODE`",
    "correct [`selection`](discovery.md#which-nodes-get-requests-selection), or start such a node",
  ),
  "selection.none-preferred": line(
    "warn",
    "no listed node is one that `selection.prefer` names, for 5 s",
    "correct it, or start such a node",
  ),
  "selection.preferred": line("info", "such a node is listed now: it gets the requests"),

  // The cluster, and its lists of nodes.
  "cluster.replaced": line(
    "warn",
    "for a minute only that cluster has answered there: yours was rebuilt",
    "nothing if you rebuilt it; otherwise set `discovery.clusterUuid`",
  ),
  "cluster.access-denied": line(
    "warn",
    "401 or 403 for `GET /` or for the list",
    "give the user the privilege that the line names",
  ),
  "cluster.access-granted": line("info", "the list was read"),
  "discovery.off": line(
    "info",
    "by its URLs the cluster is at one address: a managed offer, or a gateway with a path",
    "nothing; `discovery: {}` if its nodes can be reached",
  ),
  "lookup.failed": line(
    "warn",
    'with `discovery.source: "dns"`: a name does not resolve, has no address, or the resolver is away',
    "check the name and the resolver; what was known of the nodes stays",
  ),
  "lookup.answered": line("info", "all of them resolve"),
  "discovery.differs": line(
    "warn",
    "the processes that share the view have different options",
    "set `discovery.source` alike in all of them",
  ),
  "list.unserved": line(
    "warn",
    "404, 405, 410 or an empty list, for 10 s: a managed offer, or something before the cluster that hides it",
    "`discovery: false` if that is so; otherwise let `/_nodes/http` through",
  ),
  "list.addresses-unusable": line(
    "warn",
    "Docker, NAT, a firewall",
    "[`addressMap`](discovery.md#docker-nat-tunnels-addressmap), or `discovery: false`",
  ),
  "list.addresses-usable": line("info", "a listed node has answered there; `leader.ended` is an end, too"),
  "list.none-usable": line(
    "warn",
    "every listed address was skipped",
    "[discovery](discovery.md#which-nodes-are-used)",
  ),
  "list.unusable": line(
    "warn",
    "it was malformed or empty, or the node refused it because of load",
    "nothing; if it stays, check what answers at that address",
  ),
  "list.used": line("info", "it was read, and names nodes that can be used; `leader.ended` is an end, too"),
  "list.held": line(
    "warn",
    "more than half of the nodes are missing from it, or it names very many new nodes, which join in portions",
    "nothing: the next list confirms or corrects it",
  ),
  "list.complete": line(
    "info",
    "the next list confirmed it, or all portions have joined; `leader.ended` is an end, too",
  ),
  "list.only-managers": line("warn", "so they are used", "list a data node"),
  "list.node-skipped": line("debug", "the line gives the reason", "[discovery](discovery.md#which-nodes-are-used)"),
  "proxy.failed": line(
    "warn",
    "it cannot be reached, refuses its credential, or is no proxy; no node is marked down for that",
    "check the proxy and the option `proxy`: [proxies](discovery.md#a-proxy)",
  ),
  "proxy.recovered": line("info", "a node was reached through it"),
  "auth.failed": line(
    "warn",
    "it threw, took too long, or returned no credential",
    "fix it; the credential it returned before stays in use",
  ),
  "auth.recovered": line("info", "requests have its credential from now on"),
  "sign.unusable": line(
    "error",
    "the module given as `sign` cannot be loaded, or exports no function; no request and no probe is sent",
    "correct the module and start again: [signing](signing.md#when-it-fails)",
  ),
  "sign.failed": line(
    "warn",
    "`sign` threw, gave no headers in time, or gave some that cannot be sent; no node is marked down for that",
    "correct it: [signing](signing.md#when-it-fails)",
  ),
  "sign.recovered": line("info", "a probe was signed again"),
  "file.reread": line("info", "a file of a credential or certificate was renewed"),
  "file.refused": line(
    "warn",
    "the file is missing, empty, unreadable or holds no such secret or certificate",
    "write it anew; what was read of it before stays in use",
  ),
  "tls.pair-incomplete": line(
    "info",
    "one of certificate and key was renewed, and not yet the other",
    "nothing; if no `file.reread` follows, write the other",
  ),
  "tls.unverified": line(
    "warn",
    "`tls.unsafeSkipVerification` is set: at the start, once; a machine that answers in a node's place gets credentials and data",
    "trust the authority of the nodes instead: [TLS](credentials.md#tls)",
  ),
  "suffixes.unavailable": line(
    "warn",
    "the package `tldts` is missing; no name beside a configured one gets a credential",
    "install the packages again; in a bundle, include it",
  ),

  // Worker threads.
  "thread.died": line(
    "error",
    "an error that nothing caught, `process.exit()`, or lack of memory; the thread is replaced",
    "the line gives the error: most often of a [task](tasks.md)",
  ),
  "threads.refused": line(
    "error",
    "a bundle, a preload, a flag, the permission model, memory; requests fail with `THREAD` until one starts",
    "set what the line names, or `threads: 0`: [threads](pooling.md#threads)",
  ),
  "threads.replaced": line("warn", "the same, where `threads` is not set", "the same, if you want threads"),
  "thread.not-started": line("warn", "the same, for some of the threads", "the same"),
  "threads.recovered": line("info", "a later start has succeeded"),

  // Who leads, and which processes share the view.
  "coordinator.started": line("info", "`rollcall coordinator` has started"),
  "page.served": line("info", "`rollcall coordinator --http` listens there"),
  "configuration.reloaded": line("info", "after a SIGHUP: options, credentials and certificates as they are now"),
  "configuration.refused": line(
    "error",
    "after a SIGHUP: the line names each problem; what was in use before stays so",
    "correct it, and send SIGHUP again",
  ),
  "configuration.needs-restart": line(
    "warn",
    "after a SIGHUP: all else is in use",
    "restart this process, after the next coordinator leads",
  ),
  "leader.elected": line("info", "this process sniffs and probes for all that share the view"),
  "leader.ended": line(
    "info",
    "another process continues from the same view; or this one under a new epoch, where readers have what no leader has written, or the clock of Redis was set back",
    "nothing, unless it happens often: the line gives the reason. Where it names something that readers have, look for another client that [writes to these keys](redis.md#what-write-access-to-redis-allows)",
  ),
  "leader.other": line("info", "this process neither sniffs nor probes"),
  "leader.lost": line(
    "warn",
    "the last leader ended without giving its lease back: killed, stopped, or cut off from Redis",
    "look at that process; `replica` in its own lines is the id in this one",
  ),
  "leader.handed-over": line("info", "the last leader gave its lease back, as when it is closed"),
  "connections.over-budget": line(
    "warn",
    "more threads than connections: each thread keeps one connection to a node, and the budget is exceeded",
    "raise `connections.fleetPerNode`, or run fewer threads",
  ),
  "connections.within-budget": line(
    "info",
    "threads have ended, or the option was raised; `leader.ended` is an end, too",
  ),
  "replica.joined": line("info", "processes share the view that did not before; of many, one line"),
  "replica.left": line("info", "processes have closed their pool or coordinator; of many, one line"),
  "replica.lost": line(
    "info",
    "no heartbeat for 12 s: killed, ended without `close()`, or cut off from Redis; of many, one line",
    "nothing if you ended them",
  ),
  "replica.ejected-node": line("debug", "the first replica sends it nothing more; the leader has not marked it"),
  "replica.node-used-again": line("debug", "no replica ejects it any longer"),

  // The shared view, as a process follows it.
  "view.found": line("debug", "this process follows the shared view from now on"),
  "view.stale": line(
    "warn",
    "no beat for 10 s: the leader has died, is stopped, or cannot reach Redis",
    "nothing if the view is soon fresh again; otherwise check that a coordinator and Redis run",
  ),
  "view.released": line(
    "info",
    "its last leader ended cleanly, and this process has started since",
    "nothing if another process leads soon; otherwise start a coordinator",
  ),
  "view.orphaned": line("warn", "no beat for a minute", "the same"),
  "view.private": line("warn", "it sniffs and probes for its own requests alone", "the same"),
  "view.recovered": line(
    "info",
    "a process leads again; the line closes the incident: how long, and what it cost here",
  ),
  "view.refilled": line(
    "warn",
    "Redis was emptied, restarted without its data, or failed over to a server without them",
    "nothing: it needs no persistence",
  ),
  "lease.failed": line("warn", "the view's store does not answer", "check the store; requests are served as before"),
  "lease.answered": line("info", "the store grants, renews or refuses the lease again"),
  "view.unread": line("warn", "the view's store does not answer", "the same"),
  "view.read": line("info", "the leader has read it, and continues from it"),
  "view.unpublished": line("warn", "the view's store does not answer, or takes no writes", "the same"),
  "view.published": line("info", "the store has taken all that could not be published; `leader.ended` is an end, too"),
  "history.unwritten": line(
    "warn",
    "the view's store does not answer, or the user may not write the history",
    "[permissions](redis.md#permissions)",
  ),
  "history.written": line("info", "the store has taken what could not be written; `leader.ended` is an end, too"),

  // Redis.
  "redis.client-missing": line(
    "error",
    "the package `ioredis` is missing; this process monitors the cluster for itself",
    "install the packages again; in a bundle, include it",
  ),
  "redis.lost": line(
    "warn",
    "it refuses, or does not answer",
    "check Redis; requests continue ([Redis](redis.md#when-redis-is-away))",
  ),
  "redis.recovered": line("info", "it answers again"),
  "redis.unreadable": line("warn", "most often a missing permission", "[permissions](redis.md#permissions)"),
  "redis.readable": line("info", "the permission was given back"),
  "redis.unsubscribed": line("warn", "most often a missing permission", "[permissions](redis.md#permissions)"),
  "redis.subscribed": line("info", "the permission was given back"),
  "redis.unsharded": line(
    "warn",
    "it is older than 7.0, the user lacks a permission, or a proxy does not pass it on; the whole fleet uses classic channels",
    "[permissions](redis.md#permissions); nothing, if the cluster is small",
  ),
  "redis.sharded": line("info", "the permission was given, or the server replaced"),
  "redis.other-secret": line(
    "warn",
    "the leader of the view and this process have different secrets, or only one of them has any; or another client has written it",
    "give all processes of the view the same [`secret`](redis.md#a-view-that-is-sealed-secret)",
  ),
  "redis.same-secret": line("info", "this process follows the shared view"),
  "redis.heads-late": line(
    "warn",
    "each beat of a sealed view is over 10 s old, or ahead: messages are held up, or the leader has another time of Redis than this process",
    "set the clocks of the Redis nodes; look at what stands between Redis and this process",
  ),
  "redis.heads-in-time": line("info", "this process follows the shared view"),
  "redis.flooded": line(
    "warn",
    "another client publishes on the view's channels; requests go on, and the view is read every 2 s",
    "find the client: `CLIENT LIST` and `MONITOR` of Redis; [permissions](redis.md#permissions)",
  ),
  "redis.flood-ended": line("info", "for 10 s no message was too many"),
  "redis.refused": line("warn", "another program wrote it, or a newer Rollcall", "check what else writes there"),

  // Operators.
  "operation.drain": line("info", "an operator drains the node: no new requests go to it until then"),
  "operation.undrain": line("info", "an operator, or the end of its time, has ended the drain"),
  "operation.pause": line("warn", "an operator has the fleet ignore shared marks until then"),
  "operation.resume": line("info", "an operator, or the end of its time, has ended the pause"),
  "operation.unmark": line("info", "an operator has cleared the mark"),
  "operation.refused": line("warn", "an operator's command was not carried out", "the line gives the reason"),

  // Defects.
  "listener.threw": line("error", "a listener given to `pool.on` threw", "fix it"),
  "store.listener-threw": line("error", "a defect of Rollcall", "report it"),
  "background.failed": line("error", "a defect of Rollcall", "report it"),
} as const satisfies Readonly<Record<string, LogEvent>>;

export type LogEventName = keyof typeof logEvents;

/** Writes one line at the level of its event. The only way to log: so no line lacks its event. */
export function logEvent(logger: Logger, event: LogEventName, fields: object, message: string): void {
  logger[logEvents[event].level]({ event, ...fields }, message);
}
