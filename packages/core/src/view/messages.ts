import { checkFormat, cutReason, readHead, readKey, readMarks, readVersion, viewFormat } from "./codec.js";
import type { Heartbeat, ThreadHeartbeat } from "./heartbeat.js";
import {
  type Decoded,
  decoded,
  duration,
  type Fields,
  fieldsOf,
  flag,
  jsonOf,
  listOf,
  named,
  oneOf,
  optional,
  text,
  wholeNumber,
} from "./json-fields.js";
import { viewLimits } from "./limits.js";
import type { Head, Marks } from "./view.js";

/**
 * What is said on the two channels of a view, as JSON. Read as the documents are: every field is checked, one bad field
 * refuses the message. A kind that is not known is no fault: a newer version may say more.
 */

/** On the channel that everybody hears. */
export type ViewEvent =
  | { readonly kind: "head"; readonly head: Head; readonly marks?: Marks }
  | { readonly kind: "released" }
  | { readonly kind: "statusRequest" }
  | {
      readonly kind: "peerProbeRequest";
      readonly id: string;
      readonly node: string;
      readonly replicas: readonly string[];
    }
  | { readonly kind: "unknown" };

/** On the channel that leaders hear. */
export type ViewReport =
  | {
      readonly kind: "report";
      readonly node: string;
      readonly reason: string;
      readonly replica: string;
      readonly probe?: "failed";
    }
  | { readonly kind: "heartbeat"; readonly heartbeat: Heartbeat }
  | {
      readonly kind: "peerProbeResult";
      readonly id: string;
      readonly node: string;
      readonly replica: string;
      readonly ok: boolean;
    }
  | { readonly kind: "unknown" };

/**
 * Around a head whose time the store adds: the text before it, and the text after it, with the marks where they are
 * small enough to go along.
 */
export function headEventAround(marks: Uint8Array | undefined): { readonly before: string; readonly after: string } {
  const fits = marks !== undefined && marks.byteLength <= viewLimits.inlineMarksMaxBytes;
  const inline = fits ? `,"marks":${Buffer.from(marks).toString("utf8")}` : "";
  return { before: '{"kind":"head","head":', after: `${inline}}` };
}

export const releasedEvent = JSON.stringify({ kind: "released" } satisfies ViewEvent);
export const statusRequestEvent = JSON.stringify({ kind: "statusRequest" } satisfies ViewEvent);

export function decodeEvent(bytes: Uint8Array): Decoded<ViewEvent> {
  return decoded(() => {
    const fields = fieldsOf(jsonOf(bytes, viewLimits.eventMaxBytes), "message");
    const kind = fields.get("kind");
    if (kind === "released" || kind === "statusRequest") return { kind };
    if (kind === "peerProbeRequest") {
      const { witnessesMax } = viewLimits;
      return {
        kind,
        ...readAsk(fields),
        replicas: listOf(fields.get("replicas"), "replicas", witnessesMax, readReplica),
      };
    }
    if (kind !== "head") return { kind: "unknown" };
    return { kind, head: readHead(fields.get("head")), ...optional(fields, "marks", readMarks) };
  });
}

export function encodeReport(report: Omit<Extract<ViewReport, { kind: "report" }>, "kind">): string {
  const { node, reason, replica, probe } = report;
  return JSON.stringify({ kind: "report", node, reason: cutReason(reason), replica, probe });
}

export function encodePeerProbeRequest({
  id,
  node,
  replicas,
}: Omit<Extract<ViewEvent, { kind: "peerProbeRequest" }>, "kind">): string {
  return JSON.stringify({ kind: "peerProbeRequest", id, node, replicas } satisfies ViewEvent);
}

export function encodePeerProbeResult(answer: Omit<Extract<ViewReport, { kind: "peerProbeResult" }>, "kind">): string {
  const { id, node, replica, ok } = answer;
  return JSON.stringify({ kind: "peerProbeResult", id, node, replica, ok } satisfies ViewReport);
}

/** Names as many nodes and threads as a digest may hold; the rest is left out. */
export function encodeHeartbeat(digest: Heartbeat): string {
  const ejected = digest.ejected.slice(0, viewLimits.avoidedMax);
  const refutes = digest.refutes?.slice(0, viewLimits.contradictsMax);
  const threads = digest.threads.slice(0, viewLimits.threadsMax);
  const bounded = { ...digest, ejected, refutes, threads };
  return JSON.stringify({ kind: "heartbeat", heartbeat: { ...bounded, format: viewFormat } });
}

export function decodeReport(bytes: Uint8Array): Decoded<ViewReport> {
  return decoded(() => {
    const fields = fieldsOf(jsonOf(bytes, viewLimits.reportMaxBytes), "message");
    const kind = fields.get("kind");
    if (kind === "heartbeat") return { kind, heartbeat: readHeartbeat(fieldsOf(fields.get("heartbeat"), "heartbeat")) };
    if (kind === "peerProbeResult") {
      return {
        kind,
        ...readAsk(fields),
        replica: readReplica(fields.get("replica")),
        ok: flag(fields.get("ok"), "ok"),
      };
    }
    if (kind !== "report") return { kind: "unknown" };
    return {
      kind,
      node: readKey(fields.get("node")),
      reason: text(fields.get("reason"), "reason", viewLimits.reasonMaxLength),
      replica: readReplica(fields.get("replica")),
      ...optional(fields, "probe", (value, what) => oneOf<"failed">(value, what, ["failed"])),
    };
  });
}

/** A question about a node, or the answer to it. */
function readAsk(fields: Fields): { readonly id: string; readonly node: string } {
  return { id: named(fields.get("id"), "id", viewLimits.askIdMaxLength), node: readKey(fields.get("node")) };
}

function readReplica(value: unknown): string {
  return named(value, "replica", viewLimits.processNameMaxLength);
}

function readHeartbeat(fields: Fields): Heartbeat {
  checkFormat(fields);
  return {
    replica: readReplica(fields.get("replica")),
    host: text(fields.get("host"), "host", viewLimits.nameMaxLength),
    pid: wholeNumber(fields.get("pid"), "pid", 0, Number.MAX_SAFE_INTEGER),
    role: oneOf(fields.get("role"), "role", ["candidate", "external", "coordinator"]),
    leading: flag(fields.get("leading"), "leading"),
    freshness: oneOf(fields.get("freshness"), "freshness", ["fresh", "stale", "orphan"]),
    ...optional(fields, "view", readApplied),
    ejected: listOf(fields.get("ejected"), "ejected", viewLimits.avoidedMax, readKey),
    ...optional(fields, "refutes", (value, what) => listOf(value, what, viewLimits.contradictsMax, readKey)),
    ...optional(fields, "answeredMsAgo", duration),
    threads: listOf(fields.get("threads"), "threads", viewLimits.threadsMax, readThread),
  };
}

function readApplied(value: unknown): NonNullable<Heartbeat["view"]> {
  const fields = fieldsOf(value, "view");
  return { topology: readVersion(fields.get("topology")), marks: readVersion(fields.get("marks")) };
}

function readThread(value: unknown): ThreadHeartbeat {
  const fields = fieldsOf(value, "thread");
  return {
    thread: wholeNumber(fields.get("thread"), "thread", 0, viewLimits.countMax),
    ...optional(fields, "topology", readVersion),
    calls: wholeNumber(fields.get("calls"), "calls", 0, viewLimits.countMax),
    tasks: wholeNumber(fields.get("tasks"), "tasks", 0, viewLimits.countMax),
    state: oneOf(fields.get("state"), "state", ["starting", "well", "late"]),
  };
}
