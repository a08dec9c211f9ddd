import { canary, waitUntil } from "@rollcall/testing";
import { type RedisServer, type Sentinel, startRedis, startSentinel } from "@rollcall/testing/redis";
import { type DrillRedis, processNames } from "./drill.js";

/** Two servers and a Sentinel, which decides alone. Each process is a user of its own that may do everything. */
export interface SentinelServers extends DrillRedis {
  readonly sentinel: Sentinel;
  /** As it is now. */
  primary(): Promise<RedisServer>;
  /** The other one. */
  replica(): Promise<RedisServer>;
  /** Makes `server`, which need not obey the Sentinel, the replica of the other one. */
  demote(server: RedisServer, primary: RedisServer): Promise<void>;
}

/** The Sentinel has no other word for it, so a server that has another name for it stays a primary. */
const ownWord = "become-replica-of";

/** @param obeys whether the first primary becomes a replica when the Sentinel says so */
export async function startSentinelServers({ obeys }: { readonly obeys: boolean }): Promise<SentinelServers> {
  const password = canary("drill");
  const users = Object.fromEntries(processNames.map((name) => [name, `on >${password} ~* &* +@all`]));
  const disobedience = [`rename-command SLAVEOF ${ownWord}`, 'rename-command REPLICAOF ""'];
  const opened: AsyncDisposable[] = [];
  const keep = <Part extends AsyncDisposable>(part: Part): Part => {
    opened.push(part);
    return part;
  };
  const close = async () => {
    for (const part of opened.reverse()) await part[Symbol.asyncDispose]();
  };
  const roleOf = async ({ client }: RedisServer) => (/^role:(\w+)/m.exec(await client.info("replication")) ?? [])[1];
  try {
    const one = keep(await startRedis({ users, config: obeys ? [] : disobedience }));
    const other = keep(await startRedis({ users, config: [`replicaof ${one.host} ${one.port}`] }));
    await waitUntil("the replica is in step", async () =>
      (await other.client.info("replication")).includes("master_link_status:up"),
    );
    const sentinel = keep(await startSentinel(one));
    await sentinel.lists(other.port);
    const named = async () => {
      const [, port] = (await sentinel.call("GET-MASTER-ADDR-BY-NAME", "ours")) as string[];
      return Number(port) === one.port ? one : other;
    };
    return {
      sentinel,
      redisFor: (username) => ({
        ...{ sentinels: [{ host: sentinel.host, port: sentinel.port }], name: "ours" },
        ...{ username, password },
      }),
      primary: named,
      replica: async () => ((await named()) === one ? other : one),
      async demote(server, primary) {
        const word = server === one && !obeys ? ownWord : "SLAVEOF";
        await server.client.call(word, primary.host, primary.port);
        await waitUntil("it is a replica", async () => (await roleOf(server)) === "slave");
      },
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
