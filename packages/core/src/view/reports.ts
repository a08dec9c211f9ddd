import { cutReason, readNodeKey, readReplica } from "./codec.js";
import {
  type Decoded,
  decodeWith,
  type Fields,
  parseJson,
  readBoolean,
  readName,
  readObject,
  readOneOf,
  readOptional,
  readString,
} from "./json-fields.js";
import { viewLimits } from "./limits.js";

/** One process's message that a node fails it: evidence, never a verdict. */
export interface FailureReport {
  /** By `nodeKey`. */
  readonly node: string;
  /** For people, such as `connection refused`. */
  readonly reason: string;
  /** The process that reports. */
  readonly replica: string;
  /** That process has then probed the node on a new connection, and the probe failed too. */
  readonly probe?: "failed";
}

/** One process's result of one probe on a new connection, made because the leader asked for it. */
export interface PeerProbeResult {
  /** Of the request. */
  readonly id: string;
  /** By `nodeKey`. */
  readonly node: string;
  readonly replica: string;
  /** Whether the node answered. */
  readonly ok: boolean;
}

// As JSON, each kind on a channel of its own. A message with one bad field is refused whole; unknown fields are
// dropped.

export function encodeReport({ node, reason, replica, probe }: FailureReport): string {
  return JSON.stringify({ node, reason: cutReason(reason), replica, probe } satisfies Fieldwise<FailureReport>);
}

export function decodeReport(bytes: Uint8Array): Decoded<FailureReport> {
  return decodeWith(() => {
    const fields = readMessage(bytes);
    return {
      node: readNodeKey(fields.get("node")),
      reason: readString(fields.get("reason"), "reason", viewLimits.reasonMaxLength),
      replica: readReplica(fields.get("replica")),
      ...readOptional(fields, "probe", (value, what) => readOneOf<"failed">(value, what, ["failed"])),
    };
  });
}

export function encodePeerProbeResult({ id, node, replica, ok }: PeerProbeResult): string {
  return JSON.stringify({ id, node, replica, ok } satisfies PeerProbeResult);
}

export function decodePeerProbeResult(bytes: Uint8Array): Decoded<PeerProbeResult> {
  return decodeWith(() => {
    const fields = readMessage(bytes);
    return {
      id: readName(fields.get("id"), "id", viewLimits.requestIdMaxLength),
      node: readNodeKey(fields.get("node")),
      replica: readReplica(fields.get("replica")),
      ok: readBoolean(fields.get("ok"), "ok"),
    };
  });
}

/** Every field, of which JSON leaves out those that are undefined. */
type Fieldwise<Message> = { readonly [Name in keyof Required<Message>]: Message[Name] | undefined };

function readMessage(bytes: Uint8Array): Fields {
  return readObject(parseJson(bytes, viewLimits.reportMaxBytes), "message");
}
