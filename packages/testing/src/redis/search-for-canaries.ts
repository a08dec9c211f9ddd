import type { Redis } from "ioredis";
import { hasCanaries, searchForCanaries } from "../canary.js";

/** Searches every key and value of a server for the secrets that this process made up. Never rejects. */
export async function searchRedisForCanaries(client: Redis): Promise<void> {
  if (!hasCanaries()) return;
  try {
    for (const key of await client.keys("*")) {
      searchForCanaries(`Redis, at ${key},`, [key, await read(client, key)]);
    }
  } catch {
    // A server that does not answer has nothing to show.
  }
}

async function read(client: Redis, key: string): Promise<unknown> {
  switch (await client.type(key)) {
    case "hash":
      return client.hgetall(key);
    case "list":
      return client.lrange(key, "0", "-1");
    case "set":
      return client.smembers(key);
    case "zset":
      return client.zrange(key, "0", "-1");
    case "stream":
      return client.xrange(key, "-", "+");
    default:
      return client.get(key);
  }
}
