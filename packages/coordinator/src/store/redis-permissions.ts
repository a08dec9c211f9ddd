import type { RedisKeys } from "@rollcall/core/view";
import type { RedisClient } from "./redis-clients.js";

/** Who needs a permission: every process, or only those that may lead. */
export type PermissionUse = "read" | "lead";

/** "unknown": Redis gave no answer to the attempt. */
export type PermissionState = "granted" | "refused" | "unknown";

export interface RedisPermission {
  /** Such as `GETRANGE`, `the channel events`, `writing the keys of the view`. */
  readonly what: string;
  readonly use: PermissionUse;
  readonly state: PermissionState;
}

/** A command that shows whether a permission is there, and that changes nothing. */
export interface PermissionAttempt extends Omit<RedisPermission, "state"> {
  /** It is about the keys or channels of the view, not about the command alone. */
  readonly isOfPlace: boolean;
  readonly command: readonly [name: string, ...words: string[]];
  /** What undoes it. */
  readonly undo?: readonly [name: string, ...words: string[]];
}

/** Asks Redis whether the user may; before 7.0 a script could not ask, and it counts as granted. */
const mayAppend = `
if redis.acl_check_cmd and not redis.acl_check_cmd('APPEND', KEYS[1], '') then
  return redis.error_reply("NOPERM no permission to run the 'append' command")
end
return 1
`;

/**
 * One attempt for each permission of docs/redis.md. Those that write name a key that does not exist and a condition
 * that it exists; the script does nothing, but Redis asks for the right to write each key that it is given; messages go
 * to a channel without subscribers. So a view in use does not change.
 */
export function permissionAttempts(keys: RedisKeys): readonly PermissionAttempt[] {
  const { lease, epoch, head, topology, marks, history } = keys;
  const scratch = keys.head.replace(/head$/, "doctor");
  const ofCommand = (use: PermissionUse, ...command: PermissionAttempt["command"]): PermissionAttempt => {
    return { what: command[0], use, isOfPlace: false, command };
  };
  const ofChannel = (use: PermissionUse, what: string, channel: string): PermissionAttempt => {
    return {
      ...{ what: `the channel ${what}`, use, isOfPlace: true },
      ...{ command: ["SUBSCRIBE", channel], undo: ["UNSUBSCRIBE", channel] },
    };
  };
  return [
    ofCommand("read", "TIME"),
    ofCommand("read", "GETRANGE", scratch, "0", "0"),
    ofCommand("read", "PUBLISH", scratch, ""),
    { what: "reading the keys of the view", use: "read", isOfPlace: true, command: ["GETRANGE", head, "0", "0"] },
    ofChannel("read", "events", keys.events),
    ofChannel("read", "status-requests", keys.statusRequests),
    ofChannel("lead", "heartbeats", keys.heartbeats),
    ofChannel("lead", "reports", keys.reports),
    ofChannel("lead", "probe-results", keys.probeResults),
    ofChannel("lead", "operations", keys.operations),
    ofCommand("lead", "EVALSHA", "0".repeat(40), "1", scratch),
    ofCommand("lead", "EVAL", "return 1", "1", scratch),
    ofCommand("lead", "GET", scratch),
    ofCommand("lead", "SET", scratch, "", "XX"),
    ofCommand("lead", "DEL", scratch),
    ofCommand("lead", "STRLEN", scratch),
    // It would make the key.
    { what: "APPEND", use: "lead", isOfPlace: false, command: ["EVAL", mayAppend, "1", history] },
    ofCommand("lead", "PEXPIRE", scratch, "1"),
    ofCommand("lead", "PTTL", scratch),
    {
      ...{ what: "writing the keys of the view", use: "lead", isOfPlace: true },
      command: ["EVAL", "return 1", "6", lease, epoch, head, topology, marks, history],
    },
  ];
}

/** Makes one attempt. Rejects without an answer; a refusal is an answer. */
export async function tryPermission(client: RedisClient, attempt: PermissionAttempt): Promise<PermissionState> {
  const { command, undo } = attempt;
  try {
    await send(client, command);
    if (undo !== undefined) await send(client, undo).catch(() => {});
    return "granted";
  } catch (error) {
    return judgeReply(attempt, error);
  }
}

/** By the error that Redis answered with; one of the connection is thrown again. */
export function judgeReply({ isOfPlace }: Pick<PermissionAttempt, "isOfPlace">, error: unknown): PermissionState {
  const message = error instanceof Error ? error.message : "";
  if (!/^-?[A-Z]{2,}\b/.test(message)) throw error;
  if (/^-?ERR unknown command/i.test(message)) return "refused";
  if (!/^-?NOPERM/.test(message)) return "granted";
  const isOfCommand = /run the '/.test(message);
  // The scratch key or channel may be forbidden although the command and the view are not.
  return isOfCommand || isOfPlace ? "refused" : "granted";
}

async function send(client: RedisClient, [name, ...words]: PermissionAttempt["command"]): Promise<void> {
  // The two that ioredis keeps an account of.
  if (name === "SUBSCRIBE") await client.subscribe(...words);
  else if (name === "UNSUBSCRIBE") await client.unsubscribe(...words);
  else await client.call(name, ...words);
}
