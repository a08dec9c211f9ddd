import { checkFormat, readNodeKey, readReplica, readVersion, viewFormat } from "./codec.js";
import type { AvoidedNode, Heartbeat, ThreadHeartbeat } from "./heartbeat.js";
import {
  type Decoded,
  decodeWith,
  parseJson,
  readArray,
  readBoolean,
  readDuration,
  readInteger,
  readObject,
  readOneOf,
  readOptional,
  readString,
} from "./json-fields.js";
import { viewLimits } from "./limits.js";

/** As JSON. Nodes and threads beyond what a reader accepts are left out. */
export function encodeHeartbeat(heartbeat: Heartbeat): string {
  return JSON.stringify({
    ...heartbeat,
    ejected: heartbeat.ejected.slice(0, viewLimits.ejectedMax),
    avoids: heartbeat.avoids?.slice(0, viewLimits.avoidedMax).map((avoided) => ({
      ...avoided,
      reason: avoided.reason.slice(0, viewLimits.avoidedReasonMaxLength),
    })),
    refutes: heartbeat.refutes?.slice(0, viewLimits.refutesMax),
    threads: heartbeat.threads.slice(0, viewLimits.threadsMax),
    format: viewFormat,
  });
}

/** A heartbeat with one bad field is refused whole; unknown fields are dropped. */
export function decodeHeartbeat(bytes: Uint8Array): Decoded<Heartbeat> {
  return decodeWith(() => {
    const fields = readObject(parseJson(bytes, viewLimits.reportMaxBytes), "heartbeat");
    checkFormat(fields);
    return {
      replica: readReplica(fields.get("replica")),
      host: readString(fields.get("host"), "host", viewLimits.nameMaxLength),
      pid: readInteger(fields.get("pid"), "pid", 0, Number.MAX_SAFE_INTEGER),
      role: readOneOf(fields.get("role"), "role", ["candidate", "external", "coordinator"]),
      leading: readBoolean(fields.get("leading"), "leading"),
      freshness: readOneOf(fields.get("freshness"), "freshness", ["fresh", "stale", "orphan"]),
      ...readOptional(fields, "view", readApplied),
      ejected: readArray(fields.get("ejected"), "ejected", viewLimits.ejectedMax, readNodeKey),
      ...readOptional(fields, "avoids", (value, what) => readArray(value, what, viewLimits.avoidedMax, readAvoided)),
      ...readOptional(fields, "refutes", (value, what) => readArray(value, what, viewLimits.refutesMax, readNodeKey)),
      ...readOptional(fields, "answeredMsAgo", readDuration),
      threads: readArray(fields.get("threads"), "threads", viewLimits.threadsMax, readThread),
    };
  });
}

function readApplied(value: unknown): NonNullable<Heartbeat["view"]> {
  const fields = readObject(value, "view");
  return { topology: readVersion(fields.get("topology")), marks: readVersion(fields.get("marks")) };
}

function readAvoided(value: unknown): AvoidedNode {
  const fields = readObject(value, "avoids");
  return {
    node: readNodeKey(fields.get("node")),
    state: readOneOf(fields.get("state"), "state", ["ejected", "penalized"]),
    reason: readString(fields.get("reason"), "reason", viewLimits.avoidedReasonMaxLength),
    forMs: readDuration(fields.get("forMs"), "forMs"),
    ...readOptional(fields, "factor", readDuration),
  };
}

function readThread(value: unknown): ThreadHeartbeat {
  const fields = readObject(value, "thread");
  const count = (name: string) => readInteger(fields.get(name), name, 0, viewLimits.countMax);
  return {
    thread: count("thread"),
    ...readOptional(fields, "topology", readVersion),
    calls: count("calls"),
    tasks: count("tasks"),
    state: readOneOf(fields.get("state"), "state", ["starting", "well", "late", "failed"]),
  };
}
