import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { waitUntil } from "@rollcall/testing";
import type { ReplyFault } from "@rollcall/testing/proxies";
import type { RedisServer } from "@rollcall/testing/redis";
import { type Drill, isOver } from "./drill.js";
import type { ExpectedLog } from "./judge.js";
import { fill, type SingleServer } from "./single-server.js";

type SingleServerDrill = Drill<SingleServer>;

/** What a change of leader makes the processes log, whichever of them it is. */
const election = { "leader.ended": 1, "leader.elected": 1, "leader.other": 1, "leader.lost": 1 };
const staleView = { "view.stale": 1, "view.recovered": 1 };
/** What a leader, and who would be one, cannot do meanwhile. */
const undone = {
  ...{ "lease.failed": 1, "view.unread": 1, "view.unpublished": 1, "history.unwritten": 1 },
  ...{ "lease.answered": 1, "view.read": 1, "view.published": 1, "history.written": 1 },
};
/** Redis does not answer for longer than a lease: each process says so, and that it is over. */
const away: ExpectedLog = {
  each: { "redis.lost": 1, "redis.recovered": 1 },
  some: { "leader.elected": 1 },
  may: { ...election, ...staleView, ...undone, "view.refilled": 1 },
};
/** It answers, and takes no writes: only those that write say so. */
const withoutWrites: ExpectedLog = {
  some: { "lease.failed": 1, "lease.answered": 1, "leader.elected": 1 },
  may: { ...election, ...staleView, ...undone },
};
/** Each lease that is lost begins a term. */
const elections = { "leader.ended": 30, "leader.elected": 30, "leader.other": 10, "leader.lost": 10 };
/** A leader goes on with its term over new connections; only renewals without an answer for 6 s end it. */
const fewElections = { "leader.ended": 2, "leader.elected": 2, "leader.other": 2, "leader.lost": 2 };
/** It comes and goes: the second loss is logged as well, and then its return for good. */
const unsteady: ExpectedLog = {
  each: { "redis.lost": 4, "redis.recovered": 2 },
  may: {
    ...{ ...fewElections, "view.stale": 2, "view.recovered": 2, "view.refilled": 3 },
    ...{ "lease.failed": 5, "view.unread": 5, "view.unpublished": 5, "history.unwritten": 5 },
    ...{ "lease.answered": 5, "view.read": 5, "view.published": 5, "history.written": 5 },
    ...{ "redis.refused": 2, "redis.unreadable": 2, "redis.readable": 2 },
    ...{ "redis.unsubscribed": 2, "redis.subscribed": 2 },
  },
};

/** Longer than a lease, and than a view without a beat counts as fresh. */
const longMs = 13_000;
/** So many keys take 8 s to load: see `startSingleServer`. */
const loadedKeys = 1_000;

const replies = (fault: ReplyFault) => async (servers: SingleServer) => {
  servers.proxy.fault = fault;
  return async () => {
    servers.proxy.fault = undefined;
  };
};

/** Every user loses these permissions, and gets them back. */
const permissions = (lost: string[], given: string[]) => async (servers: SingleServer) => {
  await servers.setUsers(...lost);
  return () => servers.setUsers(...given);
};

async function closeConnections({ client }: RedisServer): Promise<void> {
  for (const kind of ["normal", "pubsub"]) await client.call("CLIENT", "KILL", "TYPE", kind);
}

/** Where Redis would save its data. */
async function dumpOf({ client }: RedisServer): Promise<string> {
  const [, folder = ""] = (await client.config("GET", "dir")) as string[];
  return join(folder, "dump.rdb");
}

const setting = (server: RedisServer, name: string, value: string) => server.client.config("SET", name, value);

export const singleServerDrills: readonly SingleServerDrill[] = [
  {
    name: "Redis is stopped (SIGSTOP)",
    forMs: longMs,
    async begin({ server }) {
      server.freeze();
      return async () => server.thaw();
    },
    log: away,
  },
  {
    name: "Redis is killed, and comes back empty",
    forMs: longMs,
    async begin({ server }) {
      await server.kill();
      return () => server.restart();
    },
    log: away,
  },
  {
    name: "Redis is emptied (FLUSHALL)",
    forMs: 0,
    async begin({ server }) {
      await server.client.flushall();
      return isOver;
    },
    log: { may: { ...election, "view.refilled": 1 } },
  },
  {
    name: "the scripts of Redis are forgotten (SCRIPT FLUSH)",
    forMs: 0,
    async begin({ server }) {
      await server.client.script("FLUSH");
      return isOver;
    },
    log: {},
  },
  {
    name: "each connection is closed once (CLIENT KILL)",
    forMs: 0,
    async begin({ server }) {
      await closeConnections(server);
      return isOver;
    },
    log: { each: { "redis.lost": 1, "redis.recovered": 1 }, may: undone },
  },
  {
    name: "each connection is closed twice a second (CLIENT KILL)",
    forMs: longMs,
    async begin({ server }) {
      const kills = setInterval(() => void closeConnections(server).catch(() => {}), 500);
      return async () => clearInterval(kills);
    },
    log: unsteady,
  },
  {
    name: "no reply arrives",
    forMs: longMs,
    begin: replies({ kind: "eaten", each: 1 }),
    log: away,
  },
  {
    name: "every third reply is lost, on connections that stay open",
    forMs: longMs,
    begin: replies({ kind: "eaten", each: 3 }),
    log: unsteady,
  },
  {
    name: "every reply arrives twice",
    forMs: longMs,
    begin: replies({ kind: "doubled", each: 1 }),
    log: away,
  },
  {
    name: "every third reply arrives twice",
    forMs: longMs,
    begin: replies({ kind: "doubled", each: 3 }),
    log: unsteady,
  },
  {
    name: "each reply arrives 700 ms late",
    forMs: longMs,
    begin: replies({ kind: "delayed", byMs: 700 }),
    log: {},
  },
  {
    name: "each reply arrives 3 s late",
    forMs: longMs,
    begin: replies({ kind: "delayed", byMs: 3_000 }),
    log: away,
  },
  {
    name: "Redis is full and evicts nothing (maxmemory, noeviction)",
    forMs: longMs,
    async begin({ server }) {
      await setting(server, "maxmemory", "1");
      return () => setting(server, "maxmemory", "0");
    },
    // Beats need no memory: the leader stays, and no view is stale.
    log: {
      some: { "view.unpublished": 1, "view.published": 1 },
      may: { "history.unwritten": 1, "history.written": 1 },
    },
  },
  {
    name: "Redis is full and evicts the view, again and again (maxmemory, allkeys-random)",
    forMs: longMs,
    async begin({ server }) {
      await setting(server, "maxmemory-policy", "allkeys-random");
      await setting(server, "maxmemory", "4mb");
      let isEnough = false;
      const filling = (async () => {
        while (!isEnough) {
          await fill(server, 100, 10_000).catch(() => {});
          await sleep(200);
        }
      })();
      return async () => {
        isEnough = true;
        await filling;
        await setting(server, "maxmemory", "0");
        await setting(server, "maxmemory-policy", "noeviction");
      };
    },
    log: { may: { ...elections, "view.refilled": 30 } },
  },
  {
    name: "the users may not run scripts any more",
    forMs: longMs,
    begin: permissions(["-eval", "-evalsha"], ["+eval", "+evalsha"]),
    log: withoutWrites,
  },
  {
    name: "the users may use no channel any more",
    forMs: longMs,
    begin: permissions(["resetchannels"], ["&*"]),
    // The scripts of a leader publish, too.
    log: {
      each: { "redis.unsubscribed": 1, "redis.subscribed": 1 },
      may: { ...elections, ...staleView, ...undone, "redis.lost": 1, "redis.recovered": 1, "replica.lost": 1 },
    },
  },
  {
    name: "the users may read no value any more",
    forMs: longMs,
    begin: permissions(["-getrange"], ["+getrange"]),
    log: { may: { "redis.unreadable": 1, "redis.readable": 1 } },
  },
  {
    name: "the users may not ask for the time any more",
    forMs: longMs,
    begin: permissions(["-time"], ["+time"]),
    log: {
      each: { "redis.lost": 1, "redis.recovered": 1 },
      may: { ...election, ...staleView, ...undone },
    },
  },
  {
    name: "Redis has become a replica (READONLY)",
    forMs: longMs,
    async begin({ server }) {
      await server.client.call("REPLICAOF", "127.0.0.1", "1");
      return () => server.client.call("REPLICAOF", "NO", "ONE");
    },
    log: withoutWrites,
  },
  {
    name: "Redis restarts and loads its data for long (LOADING)",
    forMs: 0,
    async begin({ server }) {
      await fill(server, loadedKeys, 1_000);
      await server.client.call("SAVE");
      const file = await dumpOf(server);
      await server.kill();
      return async () => {
        await server.restart();
        await rm(file);
      };
    },
    log: away,
  },
  {
    name: "a script runs for long (BUSY)",
    forMs: longMs,
    async begin({ server }) {
      const runner = server.client.duplicate();
      runner.on("error", () => {});
      const ended = runner.eval("while true do end", 0).catch(() => {});
      return async () => {
        await server.client.call("SCRIPT", "KILL");
        await ended;
        runner.disconnect();
      };
    },
    log: { ...away, each: { "redis.lost": 2, "redis.recovered": 1 } },
  },
  {
    name: "Redis could not save its data, and takes no writes (MISCONF)",
    forMs: longMs,
    async begin({ server }) {
      const { client } = server;
      const file = await dumpOf(server);
      // A folder in the place of the file.
      await mkdir(join(file, "full"), { recursive: true });
      await client.config("SET", "save", "3600 1");
      await client.set("other:unsaved", "1");
      await client.call("BGSAVE");
      await waitUntil("saving has failed", async () =>
        (await client.info("persistence")).includes("rdb_last_bgsave_status:err"),
      );
      return async () => {
        await client.config("SET", "save", "");
        await rm(file, { recursive: true });
      };
    },
    log: withoutWrites,
  },
];
