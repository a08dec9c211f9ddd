import { present } from "@rollcall/core";
import type { RedisServerFacts } from "./examine-redis.js";

const modes = ["standalone", "cluster", "sentinel"] as const;

/** Reads the answer to `INFO`: `name:value` lines. What it does not name, or names in another form, is absent. */
export function readServerFacts(info: string): RedisServerFacts {
  const lines = new Map(
    info.split(/\r?\n/).flatMap((line) => {
      const colon = line.indexOf(":");
      return colon < 1 ? [] : [[line.slice(0, colon), line.slice(colon + 1).trim()] as const];
    }),
  );
  const oneOf = <Word extends string>(name: string, words: readonly Word[]) => {
    return words.find((word) => word === lines.get(name));
  };
  const word = (name: string) => /^[\w.-]{1,40}$/.exec(lines.get(name) ?? "")?.[0];
  const bytes = (name: string) => (/^\d{1,15}$/.test(lines.get(name) ?? "") ? Number(lines.get(name)) : undefined);
  return present({
    version: word("redis_version"),
    valkeyVersion: word("valkey_version"),
    mode: oneOf("redis_mode", modes) ?? oneOf("server_mode", modes),
    role: oneOf("role", ["master", "slave"]),
    maxmemoryBytes: bytes("maxmemory"),
    usedMemoryBytes: bytes("used_memory"),
    evictionPolicy: word("maxmemory_policy"),
  });
}
