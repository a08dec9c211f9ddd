import { present } from "@rollcall/core";
import { redisKeys } from "@rollcall/core/view";
import { NameCache } from "../cluster/name-cache.js";
import type { RedisExamination, RedisExaminationParts, RedisServerFacts } from "./examine-redis.js";
import { createRedisClient, type RedisClient } from "./redis-clients.js";
import { RedisConnection } from "./redis-connection.js";
import { clientNameOf } from "./redis-greeting.js";
import type { RedisPassword } from "./redis-password.js";
import { permissionAttempts, type RedisPermission, tryPermission } from "./redis-permissions.js";
import { readServerFacts } from "./redis-server-facts.js";

const pings = 7;
/** For the name, the Sentinels, TLS and the first answers: a lookup alone may take 10 s. */
const connectMs = 15_000;
/** The client of a cluster tries its nodes again and again. */
const clusterMs = 5_000;

/** Opens one connection, asks, and closes it. */
export async function examineConnectedRedis(
  parts: RedisExaminationParts & { readonly password: RedisPassword | undefined },
): Promise<RedisExamination> {
  const { redis, name, timers, password, stop } = parts;
  const greeting = { clientName: clientNameOf(redis, name, "doctor"), password };
  const client = createRedisClient(redis, { ...parts, names: new NameCache(timers), greeting });
  const beganMs = timers.nowMs();
  const tookMs = () => Math.ceil(timers.nowMs() - beganMs);
  let connection: RedisConnection | undefined;
  const problem = await new Promise<string | undefined>((resolve) => {
    let last = "no connection before the time was over";
    const onLost = (lost: string) => {
      last = lost;
      // The reason of a first attempt is the one to show. The client of a cluster loses connections while it learns which
      // nodes there are.
      if (!client.isCluster) resolve(lost);
    };
    connection = new RedisConnection(client, timers, { onReady: () => resolve(undefined), onLost });
    timers.after(client.isCluster ? clusterMs : connectMs, () => resolve(last));
    if (stop.aborted) resolve(last);
    stop.addEventListener("abort", () => resolve(last), { once: true });
  });
  try {
    if (connection === undefined || problem !== undefined) {
      return { kind: "away", problem: problem ?? "not connected", tookMs: tookMs() };
    }
    const connectedMs = tookMs();
    return { kind: "connected", tookMs: connectedMs, ...(await examine(client, connection, parts)) };
  } finally {
    await connection?.close();
  }
}

type Answers = Omit<Extract<RedisExamination, { kind: "connected" }>, "kind" | "tookMs">;

async function examine(
  client: RedisClient,
  connection: RedisConnection,
  parts: RedisExaminationParts,
): Promise<Answers> {
  const { name, stop } = parts;
  const pingsMs = await measurePings(client, connection, parts);
  const server = await readServer(client, connection);
  const clockAheadMs = await compareClocks(client, connection, parts);
  const permissions: RedisPermission[] = [];
  for (const attempt of permissionAttempts(redisKeys(name))) {
    const { what, use } = attempt;
    // A replica refuses writes whatever the user may do, and the connection would be made again.
    if (stop.aborted || (server.role === "slave" && use === "lead")) permissions.push({ what, use, state: "unknown" });
    else {
      const state = await connection.ask(() => tryPermission(client, attempt)).catch(() => "unknown" as const);
      permissions.push({ what, use, state });
    }
  }
  return { server, pingsMs, permissions, ...present({ clockAheadMs }) };
}

async function measurePings(
  client: RedisClient,
  connection: RedisConnection,
  { timers, stop }: RedisExaminationParts,
): Promise<readonly number[]> {
  const took: number[] = [];
  for (let ping = 0; ping < pings && !stop.aborted; ping++) {
    const beganMs = timers.nowMs();
    const isAnswered = await connection
      .ask(() => client.ping())
      .then(
        () => true,
        () => false,
      );
    if (isAnswered) took.push(timers.nowMs() - beganMs);
  }
  return took;
}

async function readServer(client: RedisClient, connection: RedisConnection): Promise<RedisServerFacts> {
  return connection.ask(() => client.info()).then(readServerFacts, () => ({}));
}

/** The other clock is read about in the middle of the round trip. */
async function compareClocks(
  client: RedisClient,
  connection: RedisConnection,
  { wallNowMs }: RedisExaminationParts,
): Promise<number | undefined> {
  const beganMs = wallNowMs();
  const time = await connection.ask(() => client.time()).catch(() => undefined);
  if (time === undefined) return undefined;
  const [seconds, micros] = time.map(Number);
  if (seconds === undefined || micros === undefined || !Number.isFinite(seconds + micros)) return undefined;
  return Math.round(seconds * 1_000 + micros / 1_000 - (beganMs + wallNowMs()) / 2);
}
