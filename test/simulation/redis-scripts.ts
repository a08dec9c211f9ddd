import { createHash } from "node:crypto";
import { viewLimits } from "@rollcall/core/view";
import type { RedisData } from "./redis-data.js";

/**
 * The scripts of `coordinator/store/lua-scripts.ts` in TypeScript: the simulation has no Lua. A test compares the two
 * on a real Redis, call by call: `test/integration/redis-scripts.test.ts`.
 */
export type Script = (data: RedisData, keys: readonly string[], args: readonly string[]) => string | number | null;

export const redisScripts: Readonly<Record<string, Script>> = { acquire, renew, publish, record, release };

function acquire(data: RedisData, keys: readonly string[], args: readonly string[]): string | null {
  const [lease = "", epoch = ""] = keys;
  const [leader = "", leaseMs = "", floorMs = "", ordinal = "", aheadMaxMs = ""] = args;
  const holder = data.text(lease);
  const expiresInMs = data.expiresInMs(lease) ?? Number.POSITIVE_INFINITY;
  if (holder !== undefined && holder !== leader && expiresInMs <= 2 * Number(leaseMs)) return null;
  const nowMs = data.nowMs();
  const aheadMs = nowMs + Number(aheadMaxMs);
  const stored = Math.floor(Number(data.text(epoch) ?? "0") / 1_000);
  const storedMs = stored >= 0 && stored <= aheadMs ? stored : 0;
  const floor = Number(floorMs) >= 0 && Number(floorMs) <= aheadMs ? Number(floorMs) : 0;
  const epochMs = Math.max(nowMs, storedMs + 1, floor + 1);
  const given = `${epochMs * 1_000 + Number(ordinal)}`;
  data.set(epoch, given);
  data.set(lease, leader, Number(leaseMs));
  return given;
}

function renew(data: RedisData, keys: readonly string[], args: readonly string[]): string {
  const [lease = "", epoch = "", head = "", topology = "", marks = ""] = keys;
  const [leader, itsEpoch, leaseMs, newHead = "", channel = "", before, after, topologyBytes, marksBytes] = args;
  const [topologySha1 = "", marksSha1 = ""] = args.slice(9);
  if (data.text(lease) !== leader || data.text(epoch) !== itsEpoch) return "lost";
  data.expire(lease, Number(leaseMs));
  if (newHead === "") return "kept";
  const isThere = (key: string, bytes: string | undefined, sha1: string) =>
    data.bytes(key) === Number(bytes) && sha1Of(data.text(key) ?? "") === sha1;
  if (!isThere(topology, topologyBytes, topologySha1) || !isThere(marks, marksBytes, marksSha1)) return "incomplete";
  const stamped = stampedAt(newHead, data.nowMs());
  data.set(head, stamped);
  data.publish(channel, `${before}${stamped}${after}`);
  return "kept";
}

function publish(data: RedisData, keys: readonly string[], args: readonly string[]): string {
  const [lease = "", epoch = "", head = "", topology = "", marks = ""] = keys;
  const [leader, itsEpoch, topologySequence, marksSequence, newHead = "", channel = "", before, after] = args;
  const [newTopology = "", newMarks = "", topologyBytes, marksBytes] = args.slice(8);
  if (data.text(lease) !== leader || data.text(epoch) !== itsEpoch) return "lost";

  const now = publishedUnder(data.text(head), Number(itsEpoch));
  if (now !== undefined) {
    const [topologyNext, marksNext] = [Number(topologySequence), Number(marksSequence)];
    if (topologyNext < now.topology || marksNext < now.marks) return "older";
    const isSame = topologyNext === now.topology && marksNext === now.marks;
    const isThere = data.bytes(topology) === Number(topologyBytes) && data.bytes(marks) === Number(marksBytes);
    if (isSame && isThere) return "same";
  }

  const stamped = stampedAt(newHead, data.nowMs());
  if (newTopology !== "") data.set(topology, newTopology);
  if (newMarks !== "") data.set(marks, newMarks);
  data.set(head, stamped);
  data.publish(channel, `${before}${stamped}${after}`);
  return "published";
}

function record(data: RedisData, keys: readonly string[], args: readonly string[]): string {
  const [lease = "", epoch = "", history = ""] = keys;
  const [leader, itsEpoch, before = "", lines = "", channel = "", message = ""] = args;
  if (data.text(lease) !== leader || data.text(epoch) !== itsEpoch) return "lost";
  if (before !== "" && data.bytes(history) !== Number(before)) return "incomplete";
  data.set(history, before === "" ? lines : `${data.text(history) ?? ""}${lines}`);
  if (message !== "") data.publish(channel, message);
  return "kept";
}

function release(data: RedisData, keys: readonly string[], args: readonly string[]): number {
  const [lease = "", epoch = "", headKey = ""] = keys;
  const [leader, itsEpoch, channel = "", message = "", newHead = ""] = args;
  if (data.text(lease) !== leader || data.text(epoch) !== itsEpoch) return 0;
  data.delete(lease);
  if (newHead !== "") data.set(headKey, newHead);
  const head = data.text(headKey);
  if (head?.endsWith("}") && !head.includes('"released":')) {
    data.set(headKey, `${head.slice(0, -1)},"released":true}`);
  }
  data.publish(channel, message);
  return 1;
}

function stampedAt(head: string, nowMs: number): string {
  return `${head.slice(0, -1)},"atMs":${nowMs}}`;
}

interface Named {
  readonly epoch: number;
  readonly sequence: number;
}

function publishedUnder(head: string | undefined, epoch: number): { topology: number; marks: number } | undefined {
  let parsed: { readonly topology: Named; readonly marks: Named };
  try {
    parsed = JSON.parse(head ?? "");
  } catch {
    return undefined;
  }
  const { topology, marks } = parsed;
  if (topology?.epoch !== epoch || marks?.epoch !== epoch) return undefined;
  if (!isCounted(topology.sequence) || !isCounted(marks.sequence)) return undefined;
  return { topology: topology.sequence, marks: marks.sequence };
}

function isCounted(sequence: unknown): boolean {
  return typeof sequence === "number" && sequence >= 0 && sequence <= viewLimits.counterMax;
}

/** `text` is as Redis has it: one character a byte. */
function sha1Of(text: string): string {
  return createHash("sha1").update(text, "latin1").digest("hex");
}
