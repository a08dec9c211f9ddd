import { latencyBuckets } from "../latency-buckets.js";
import { checkFormat, readNodeKey, readReplica, readVersion, viewFormat } from "./codec.js";
import {
  type AvoidedNode,
  avoidedStates,
  type Heartbeat,
  type HeldConnections,
  type NodeLoad,
  type ReplicaLoad,
  type ThreadHeartbeat,
} from "./heartbeat.js";
import {
  type Decoded,
  decodeWith,
  type Fields,
  parseJson,
  readArray,
  readBoolean,
  readDuration,
  readInteger,
  readObject,
  readOneOf,
  readOptional,
  readString,
  refuse,
} from "./json-fields.js";
import { viewLimits } from "./limits.js";

/** As JSON. Nodes and threads beyond what a reader accepts are left out. It may be too long without `avoids` and `load`. */
export function encodeHeartbeat(heartbeat: Heartbeat): string {
  const { avoids: _avoids, load: _load, ...least } = heartbeat;
  const whole = asJson(heartbeat);
  // Keys may be so long that all of it is more than readers accept.
  return Buffer.byteLength(whole) <= viewLimits.reportMaxBytes ? whole : asJson(least);
}

function asJson(heartbeat: Heartbeat): string {
  return JSON.stringify({
    ...heartbeat,
    ejected: heartbeat.ejected.slice(0, viewLimits.ejectedMax),
    avoids: heartbeat.avoids?.slice(0, viewLimits.avoidedMax).map((avoided) => ({
      ...avoided,
      reason: avoided.reason.slice(0, viewLimits.avoidedReasonMaxLength),
    })),
    refutes: heartbeat.refutes?.slice(0, viewLimits.refutesMax),
    load: heartbeat.load && { ...heartbeat.load, nodes: heartbeat.load.nodes.slice(0, viewLimits.loadedMax) },
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
      ...readOptional(fields, "ending", readTrue),
      freshness: readOneOf(fields.get("freshness"), "freshness", ["fresh", "stale", "orphan"]),
      ...readOptional(fields, "view", readApplied),
      ejected: readArray(fields.get("ejected"), "ejected", viewLimits.ejectedMax, readNodeKey),
      ...readOptional(fields, "avoids", (value, what) => readArray(value, what, viewLimits.avoidedMax, readAvoided)),
      ...readOptional(fields, "refutes", (value, what) => readArray(value, what, viewLimits.refutesMax, readNodeKey)),
      ...readOptional(fields, "answeredMsAgo", readDuration),
      ...readOptional(fields, "load", readLoad),
      ...readOptional(fields, "connections", readConnections),
      ...readOptional(fields, "sharded", readTrue),
      threads: readArray(fields.get("threads"), "threads", viewLimits.threadsMax, readThread),
    };
  });
}

function readApplied(value: unknown): NonNullable<Heartbeat["view"]> {
  const fields = readObject(value, "view");
  return {
    topology: readVersion(fields.get("topology")),
    marks: readVersion(fields.get("marks")),
    ...readOptional(fields, "beat", (beat, what) => readInteger(beat, what, 0, viewLimits.counterMax)),
  };
}

function readConnections(value: unknown): HeldConnections {
  const fields = readObject(value, "connections");
  return {
    ...readCounts(fields, ["fleetPerNode", "perThread", "most"]),
    ...readOptional(fields, "round", (round, what) => readInteger(round, what, 0, viewLimits.counterMax)),
    ...readOptional(fields, "isAdmitted", readTrue),
  };
}

function readTrue(value: unknown, what: string): true {
  return value === true ? value : refuse(`${what} is not true`);
}

function readLoad(value: unknown): ReplicaLoad {
  const fields = readObject(value, "load");
  return {
    overMs: readDuration(fields.get("overMs"), "overMs"),
    ...readCounts(fields, ["requests", "failed", "queued"]),
    nodes: readArray(fields.get("nodes"), "nodes", viewLimits.loadedMax, readNodeLoad),
  };
}

function readNodeLoad(value: unknown): NodeLoad {
  const fields = readObject(value, "node");
  return {
    node: readNodeKey(fields.get("node")),
    ...readCounts(fields, ["requests", "errors", "inFlight", "sockets"]),
    latency: readArray(fields.get("latency"), "latency", latencyBuckets, (count) =>
      readInteger(count, "latency", 0, viewLimits.countMax),
    ),
  };
}

function readCounts<Name extends string>(fields: Fields, names: readonly Name[]): Record<Name, number> {
  const counts = names.map((name) => [name, readInteger(fields.get(name), name, 0, viewLimits.countMax)] as const);
  return Object.fromEntries(counts) as Record<Name, number>;
}

function readAvoided(value: unknown): AvoidedNode {
  const fields = readObject(value, "avoids");
  return {
    node: readNodeKey(fields.get("node")),
    state: readOneOf(fields.get("state"), "state", avoidedStates),
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
