import { startRedis } from "@rollcall/testing/redis";

/** A Redis for the view that Rollcall's processes share; undefined without `redis-server`. */
export async function startRedisIfInstalled() {
  return startRedis().catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
}
