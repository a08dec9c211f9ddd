import type { RedisConfig } from "@rollcall/core/config";
import type { Redis } from "ioredis";
import type { RedisPassword } from "./redis-password.js";

/** What a connection says of itself with its first command. */
export interface Greeting {
  /** As `CLIENT LIST` shows it. */
  readonly clientName: string;
  /** Absent: as the client's own options say. */
  readonly password?: RedisPassword | undefined;
}

/**
 * Such as `rollcall:logs:reader`; behind a `connectionName` of the user's own. Redis takes visible ASCII characters.
 */
export function clientNameOf(redis: RedisConfig, view: string, purpose: string): string {
  const own = connectionName(redis);
  const before = typeof own === "string" && own !== "" ? `${own.replace(/[^!-~]/g, "_")}:` : "";
  return `${before}rollcall:${view}:${purpose}`;
}

function connectionName(redis: RedisConfig): unknown {
  if (redis.kind === "url") return new URL(redis.url).searchParams.get("connectionName");
  if (redis.kind === "options") return redis.options.connectionName;
  const { redisOptions } = redis.options;
  return typeof redisOptions === "object" && redisOptions !== null
    ? Reflect.get(redisOptions, "connectionName")
    : undefined;
}

/**
 * Has each connection of this client begin with this greeting, before it connects. `HELLO` carries the name, because
 * `CLIENT SETNAME` would be one command more that the Redis user needs a permission for; it is sent where a Sentinel does
 * not speak RESP3.
 */
export function greet(client: Redis, { clientName, password }: Greeting): void {
  const { options, hello } = client;
  Object.defineProperty(options, "connectionName", {
    get: () => (client.condition?.protocol === 3 ? null : clientName),
    enumerable: true,
  });
  const greeting = async (given: readonly unknown[]): Promise<unknown> => {
    const [protocol, ...auth] = given;
    const words = password === undefined ? auth : authWords(options.username, password.current);
    try {
      return await Reflect.apply(hello, client, [[protocol, ...words, "SETNAME", clientName]]);
    } catch (error) {
      if (error instanceof Error && /^-?(?:WRONGPASS|NOAUTH)/.test(error.message)) password?.refused();
      throw error;
    }
  };
  Reflect.set(client, "hello", greeting);
}

function authWords(username: string | null | undefined, password: string | undefined): readonly string[] {
  return password === undefined ? [] : ["AUTH", username ?? "default", password];
}
