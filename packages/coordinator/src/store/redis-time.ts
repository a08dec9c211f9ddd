import type { RedisClient } from "./redis-clients.js";
import { otherReply } from "./resp-frames.js";

/**
 * Redis' `TIME`: seconds, and microseconds beside them. In a Redis Cluster that of the node which has this key: the clocks
 * of its nodes differ, and the scripts that write the key go by this one. Empty where the key has moved just now.
 */
export async function timeBeside(client: RedisClient, key: string): Promise<readonly unknown[]> {
  if (!client.isCluster) return pairIn(await client.time());
  // TIME names no key: alone it would go to any node.
  const [read, time] = (await client.pipeline().getrange(key, 0, 0).time().exec()) ?? [];
  const [refusal] = read ?? [];
  if (refusal?.message.startsWith("MOVED") === true) return [];
  const [failure, answer] = time ?? [];
  if (failure) throw failure;
  return pairIn(answer);
}

function pairIn(answer: unknown): readonly unknown[] {
  if (!Array.isArray(answer) || answer.length !== 2) throw otherReply();
  return answer;
}
