import { failureReason, RollcallError } from "@rollcall/core";

/**
 * What went wrong with Redis, in words that hold nothing but the kind of the failure: an answer of Redis may repeat the
 * command that it refuses, and the command may be the password.
 */
export function redisProblem(error: unknown): string {
  if (!(error instanceof Error)) return "it failed";
  if (error instanceof RollcallError) return error.message.replace(prefix, "");
  const code = "code" in error && typeof error.code === "string" ? error.code : undefined;
  if (code !== undefined && /^[A-Z][A-Z0-9_]{2,63}$/.test(code)) return networkProblem(code);
  const { message } = error;
  if (message === "Command timed out" || message.startsWith("Socket timeout")) return "no answer in time";
  if (message.startsWith("Stream isn't writeable") || message.startsWith("Cluster isn't ready")) return "not connected";
  if (message.startsWith("Connection is closed") || error.name === "MaxRetriesPerRequestError")
    return "connection lost";
  if (message.startsWith("All sentinels are unreachable")) return "no Sentinel names a server that can be reached";
  if (error.name === "ClusterAllFailedError") return "no node of the Redis Cluster can be reached";
  const [, word] = /^-?([A-Z]{2,32})\b/.exec(message) ?? [];
  return word === undefined ? "it failed" : (refusals[word] ?? `it refuses the command (${word})`);
}

/** The first word of an error that Redis answers with. */
const refusals: Readonly<Record<string, string>> = {
  NOAUTH: "it asks for a password (NOAUTH)",
  WRONGPASS: "it refuses the user or the password (WRONGPASS)",
  NOPERM: "the Redis user lacks a permission (NOPERM)",
  READONLY: "it is a replica, and takes no writes (READONLY)",
  LOADING: "it is loading its data (LOADING)",
  OOM: "it is full (OOM): its `maxmemory-policy` must keep what Rollcall writes, and leave room",
  MASTERDOWN: "it is a replica without its primary (MASTERDOWN)",
  CLUSTERDOWN: "the Redis Cluster is down (CLUSTERDOWN)",
};

function networkProblem(code: string): string {
  // Certificate errors get words that speak of the search nodes' options.
  return /^E[A-Z]+$|^EAI_AGAIN$/.test(code) ? failureReason(code) : code;
}

/** Carries no cause: an error of the client names the command with all it was given. */
export function redisError(error: unknown): RollcallError {
  return new RollcallError("REDIS", `${prefix}${redisProblem(error)}`);
}

const prefix = "Redis: ";
