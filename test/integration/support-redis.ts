import { readFileSync } from "node:fs";
import { createRedisStore, type Lease, type Publication, systemTimers, type ViewStore } from "@rollcall/coordinator";
import type { Random, Timers } from "@rollcall/core";
import type { RedisConfig, SecretConfig } from "@rollcall/core/config";
import type { Marks, Topology, Version, View } from "@rollcall/core/view";
import { type CollectingLogger, collectingLogger, freePort, waitUntil } from "@rollcall/testing";
import { type RedisServer, type RedisServerOptions, startRedis } from "@rollcall/testing/redis";

/** A store as one process has it, with what it logged and what its listeners were shown. */
export interface Opened {
  readonly store: ViewStore;
  readonly logger: CollectingLogger;
  readonly views: View[];
  /** Connections of the leader's kind so far. */
  connections(): number;
}

export interface OpenOptions extends SecretConfig {
  readonly redis?: RedisConfig;
  readonly name?: string;
  readonly mayLead?: boolean;
  readonly random?: Random;
  readonly timers?: Timers;
}

export interface Redises {
  readonly server: RedisServer;
  /** Opens a store; resolves at once. It is closed with the test. */
  open(options?: OpenOptions): Opened;
  /** The same, and resolves when it is connected. */
  connect(options?: OpenOptions): Promise<Opened>;
}

/** Runs a test with a server of its own, and closes all that it opened. */
export function withRedis(options: RedisServerOptions, test: (redises: Redises) => Promise<void>): () => Promise<void> {
  return async () => {
    await using server = await startRedis(options);
    const stores: ViewStore[] = [];
    const open = ({
      redis,
      name = "logs",
      mayLead = true,
      random = Math.random,
      timers = systemTimers,
      ...secrets
    }: OpenOptions = {}): Opened => {
      const logger = collectingLogger();
      const store = createRedisStore({
        redis: redis ?? { kind: "url", url: server.url },
        name,
        timers,
        random,
        logger,
        mayLead,
        ...secrets,
      });
      stores.push(store);
      let connections = 0;
      store.onConnected(() => connections++);
      const views: View[] = [];
      store.subscribe((view) => views.push(view));
      return { store, logger, views, connections: () => connections };
    };
    const connect = async (wanted: OpenOptions = {}): Promise<Opened> => {
      const opened = open(wanted);
      await waitUntil("the store is connected", () => opened.store.isConnected);
      if (wanted.mayLead !== false) await waitUntil("the store may lead", () => opened.connections() > 0);
      return opened;
    };
    try {
      await test({ server, open, connect });
    } finally {
      await Promise.all(stores.map((store) => store.close()));
    }
  };
}

/** Lines of configuration for a Redis Cluster of one node; `joinSlots` completes it. */
export async function oneNodeCluster(): Promise<readonly string[]> {
  return ["cluster-enabled yes", "cluster-announce-ip 127.0.0.1", `cluster-port ${await freePort()}`];
}

/** Gives the one node all slots. Resolves when it is up. */
export async function joinSlots({ client }: RedisServer): Promise<void> {
  await client.call("CLUSTER", "ADDSLOTSRANGE", "0", "16383");
  await waitUntil("the cluster is up", async () => /cluster_state:ok/.test(String(await client.cluster("INFO"))));
}

export async function lead({ store }: Opened, leader = "a", floorEpoch = 0): Promise<Lease> {
  const lease = await store.acquire(leader, floorEpoch);
  if (lease === undefined) throw new Error(`${leader} did not get the lease`);
  return lease;
}

/** Waits until the lease is free, and takes it. */
export async function leadWhenFree({ store }: Opened, leader: string, floorEpoch = 0): Promise<Lease> {
  const leases: Lease[] = [];
  await waitUntil(`${leader} has the lease`, async () => {
    const lease = await store.acquire(leader, floorEpoch);
    if (lease !== undefined) leases.push(lease);
    return leases.length > 0;
  });
  const [lease] = leases;
  if (lease === undefined) throw new Error(`${leader} did not get the lease`);
  return lease;
}

/** Cuts the server's connections of a kind: "pubsub" those that have subscribed, "normal" the others. */
export async function cut({ client }: RedisServer, kind: "pubsub" | "normal"): Promise<void> {
  await client.call("CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes");
}

export const versionOf = ({ epoch, leader }: Lease, sequence: number): Version => ({ epoch, leader, sequence });

/** Both documents of this number; the list of nodes has so many nodes, and as many are marked. */
export function publication(lease: Lease, sequence: number, { nodes = 1, replicas = 3 } = {}): Required<Publication> {
  const version = versionOf(lease, sequence);
  const topology: Topology = {
    version,
    clusterUuid: "u1",
    source: "sniff",
    nodes: Array.from({ length: nodes }, (_, index) => ({ id: `id${index}`, host: `es${index}`, port: 9200 })),
  };
  const marks: Marks = {
    version,
    nodes: Object.fromEntries(
      topology.nodes.map(({ id, host }) => [
        `${id}@${host}:9200`,
        { kind: "down" as const, sinceMs: sequence, reason: "connection refused" },
      ]),
    ),
  };
  return { head: { topology: version, marks: version, beat: sequence, replicas }, topology, marks };
}

/** Waits until a store's listeners have been shown both documents in these versions. */
export async function waitForView({ views }: Opened, lease: Lease, sequence: number): Promise<void> {
  await waitUntil(`the view ${lease.epoch}/${sequence} is shown`, () =>
    views.find(({ topology, marks }) =>
      [topology, marks].every(
        ({ version }) =>
          version.epoch === lease.epoch && version.leader === lease.leader && version.sequence === sequence,
      ),
    ),
  );
}

export function messageOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "no error",
    (error: unknown) => {
      const { code, message } = Object(error);
      return `${code}: ${message}`;
    },
  );
}

const guide = readFileSync(new URL("../../../docs/redis.md", import.meta.url), "utf8");

/** The words of `ACL SETUSER` behind the name of this user, as the guide has them: the password is PASSWORD. */
export function rulesOf(user: string): string {
  const line = new RegExp(`^ACL SETUSER ${user} (.+)$`, "m").exec(guide)?.[1];
  if (line === undefined) throw new Error(`the guide has no line for ${user}`);
  return line;
}
