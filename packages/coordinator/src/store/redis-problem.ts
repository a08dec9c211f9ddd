import { errorCodeOf, failureReason, RollcallError } from "@rollcall/core";
import { BrokenReplies } from "./resp-frames.js";

/**
 * What went wrong with Redis, for people. Names the kind of the failure and nothing else: an error of Redis may repeat
 * the command that it refuses, and the command may contain the password.
 */
export function redisProblem(error: unknown): string {
  if (!(error instanceof Error)) return "it failed";
  if (error instanceof RollcallError) return error.message.replace(prefix, "");
  const code = errorCodeOf(error);
  if (code !== undefined && /^[A-Z][A-Z0-9_]{2,63}$/.test(code)) return networkProblem(code);
  const { message } = error;
  if (error instanceof BrokenReplies) return message;
  if (/^(?:Command timed out|timeout$|Socket timeout)/.test(message)) return noReplyInTime;
  if (message.startsWith("Stream isn't writeable") || message.startsWith("Cluster isn't ready")) return "not connected";
  if (message.startsWith("Connection is closed") || error.name === "MaxRetriesPerRequestError")
    return "connection lost";
  if (error instanceof NoServerNamed) return because(noServerNamed, error.last);
  if (error instanceof NoNodeUsable) return because(noNodeOfCluster, error.last);
  if (error.name === "ClusterAllFailedError") return because(noNodeOfCluster, Reflect.get(error, "lastNodeError"));
  const [, word] = /^-?([A-Z]{2,32})\b/.exec(message) ?? [];
  if (word === undefined) return "it failed";
  return explained(message) ?? refusals[word] ?? `it refuses the command (${word})`;
}

/** All Sentinels were asked, and none named a server; `last` is what went wrong with the last of them. */
export class NoServerNamed extends Error {
  constructor(readonly last: unknown) {
    super(noServerNamed);
  }
}

/** A node of a Redis Cluster failed while none was in use; `last` is what went wrong with it. */
export class NoNodeUsable extends Error {
  constructor(readonly last: unknown) {
    super(noNodeOfCluster);
  }
}

const noServerNamed = "no Sentinel names a server";
export const noNodeOfCluster = "no node of the Redis Cluster can be used";

function because(problem: string, cause: unknown): string {
  return cause instanceof Error ? `${problem}: ${redisProblem(cause)}` : problem;
}

/** A client that gets this closes its connection: the next may be to the primary. */
export const isReplica = "it is a replica, and takes no writes (READONLY)";
export const noReplyInTime = "no answer in time";
export const noResp3 =
  "it does not speak RESP3 (HELLO 3): it is older than Redis 6, or a proxy in front of it does not pass it on";

/** Refusals that one word does not explain. A command's name is repeated, never what stands behind it. */
function explained(message: string): string | undefined {
  if (/^-?NOPROTO|^-?ERR unknown command\W{1,3}hello\b/i.test(message)) return noResp3;
  if (/DB index is out of range|invalid DB index/.test(message)) return "it has no database of that number (SELECT)";
  if (/SELECT is not allowed in cluster mode/.test(message)) return "a Redis Cluster has no database but 0 (SELECT)";
  if (/^-?ERR max number of clients/.test(message)) return "it accepts no more clients (maxclients)";
  const [, unknown] = /^-?ERR unknown command\W{1,3}([a-z|]{2,24})\b/i.exec(message) ?? [];
  if (unknown !== undefined) return `it does not know the command ${unknown.toUpperCase()}`;
  const isDeniedInScript = /ACL failure in script|user executing the script can't /.test(message);
  if (!isDeniedInScript && !/^-?NOPERM /.test(message)) return undefined;
  const [, command] = / run the '([a-z|]{2,24})' command/.exec(message) ?? [];
  if (command !== undefined) return `the Redis user lacks the permission for ${command.toUpperCase()} (NOPERM)`;
  if (/ access (?:a channel|at least one of the channels)\b/.test(message))
    return "the Redis user lacks the permission for a channel (NOPERM)";
  return isDeniedInScript ? refusals.NOPERM : undefined;
}

/** Problems that say no more than that Redis cannot be reached now: one often follows another while it restarts. */
const absences: ReadonlySet<string> = new Set([
  ...["ECONNREFUSED", "ECONNRESET", "EPIPE", "EHOSTUNREACH", "ENETUNREACH", "ETIMEDOUT"].map(failureReason),
  noReplyInTime,
  "not connected",
  "connection lost",
]);

/** By this, problems are told apart that each need a line in the log. */
export function reasonOf(problem: string): string {
  const bare = problem.replace(prefix, "");
  const [, group, cause] = ofGroup.exec(bare) ?? [];
  if (group !== undefined && cause !== undefined) return absences.has(cause) ? group : bare;
  return absences.has(bare) ? "away" : bare;
}

const ofGroup = new RegExp(`^(${noServerNamed}|${noNodeOfCluster}): (.*)$`);

/** The first word of an error that Redis answers with. */
const refusals: Readonly<Record<string, string>> = {
  NOAUTH: "it asks for a password (NOAUTH)",
  WRONGPASS: "it refuses the user or the password (WRONGPASS)",
  NOPERM: "the Redis user lacks a permission (NOPERM)",
  READONLY: isReplica,
  LOADING: "it is loading its data (LOADING)",
  OOM: "it is full (OOM): its `maxmemory-policy` must keep what Rollcall writes, and leave room",
  MISCONF: "it could not save its data, and takes no writes (MISCONF)",
  NOREPLICAS: "it has too few replicas to take writes (NOREPLICAS)",
  BUSY: "a script keeps it busy (BUSY)",
  MASTERDOWN: "it is a replica without its primary (MASTERDOWN)",
  CLUSTERDOWN: "the Redis Cluster is down (CLUSTERDOWN)",
};

const unknownAuthority =
  "the authority of its certificate is unknown: give it as `tls.ca` in the options of `redis`, or in NODE_EXTRA_CA_CERTS";
const noTls = "it speaks no TLS at that port: is it redis:// and not rediss://?";

/** Texts of their own: those of a search node name its options. */
const tlsProblems: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: unknownAuthority,
  SELF_SIGNED_CERT_IN_CHAIN: unknownAuthority,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownAuthority,
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is for another name",
  CERT_HAS_EXPIRED: "its certificate has expired",
  ERR_SSL_WRONG_VERSION_NUMBER: noTls,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: noTls,
};

function networkProblem(code: string): string {
  return tlsProblems[code] ?? (/^E[A-Z]+$|^EAI_AGAIN$/.test(code) ? failureReason(code) : code);
}

/** Without a cause: an error of the client contains the command with all its arguments. */
export function redisError(error: unknown): RollcallError {
  return new RollcallError("REDIS", `${prefix}${redisProblem(error)}`);
}

/** A problem that is already in words for people. */
export function problemError(problem: string): RollcallError {
  return new RollcallError("REDIS", `${prefix}${problem}`);
}

/** Redis has answered that the user may not do something on a channel; `what` names both, for people. */
export function deniedError(what: string): RollcallError {
  return new RollcallError("REDIS", `${prefix}the Redis user lacks the permission to ${what} ${denied}`);
}

/** Whether a permission is missing: to try again changes nothing. */
export function isDenied(error: RollcallError): boolean {
  return error.message.endsWith(denied);
}

const denied = "(NOPERM)";
const prefix = "Redis: ";
