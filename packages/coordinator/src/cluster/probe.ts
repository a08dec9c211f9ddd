import type { ProbeOutcome } from "@rollcall/core/health";
import { judgeIdentity, sanitizeForLog } from "@rollcall/core/sniff";
import { type ControlClient, type ControlResponse, tooLarge } from "./control-client.js";
import type { Endpoint } from "./endpoint.js";

/** What `GET /` at one node showed. */
export interface Probe {
  readonly outcome: ProbeOutcome;
  /** For people. */
  readonly reason: string;
  /** The failure's code, where there was no answer; `ERR_HOST_REFUSED` where the host policy forbade to connect. */
  readonly code?: string;
  readonly clusterUuid?: string;
  readonly clusterName?: string;
  /** The other cluster's, where the node is of another than ours. */
  readonly foreignUuid?: string;
  /** The node's name. */
  readonly name?: string;
  readonly version?: string;
}

export interface ProbeOptions {
  /** The cluster we belong to; absent while that is not known. */
  readonly pinnedUuid: string | undefined;
  readonly timeoutMs: number;
  readonly fresh: boolean;
}

/** `GET /` is a few hundred bytes; whoever answers more is not a node. */
const maxBytes = 65_536;

/** Asks a node who it is. Always answers, never throws. */
export async function probe(
  controlClient: ControlClient,
  endpoint: Endpoint,
  { pinnedUuid, timeoutMs, fresh }: ProbeOptions,
): Promise<Probe> {
  return judgeProbe(await controlClient.request(endpoint, { path: "/", timeoutMs, maxBytes, fresh }), pinnedUuid);
}

function judgeProbe(answer: ControlResponse, pinnedUuid: string | undefined): Probe {
  // It did answer, so it can be reached.
  if (answer.kind === "failed" && answer.code === tooLarge) return { outcome: "unverified", reason: answer.reason };
  if (answer.kind === "failed") return { outcome: "unreachable", reason: answer.reason, code: answer.code };
  const { status } = answer;
  if (status === 401 || status === 403) return { outcome: "denied", reason: `GET / answered ${status}` };
  if (status === 429 || status >= 500) return { outcome: "overloaded", reason: `GET / answered ${status}` };
  if (status !== 200) return { outcome: "unverified", reason: `GET / answered ${status}, not as a cluster node does` };

  const root = parseObject(answer.body.toString("utf8"));
  if (root === undefined)
    return { outcome: "unverified", reason: "GET / answered something that is not a JSON object" };
  const described = {
    ...text("clusterName", root.cluster_name),
    ...text("name", root.name),
    ...text("version", parseObject(root.version)?.number),
  };
  const identity = judgeIdentity(pinnedUuid, root.cluster_uuid);
  switch (identity.kind) {
    case "verified":
      return {
        outcome: "verified",
        reason: "answered as a node of the cluster",
        clusterUuid: identity.uuid,
        ...described,
      };
    case "foreign":
      return foreign(identity.uuid, described);
    case "unverified":
      return { outcome: "unverified", reason: "has not joined a cluster yet", ...described };
  }
}

/** The answer of a node that belongs to another cluster. */
export function foreign(foreignUuid: string, described: Pick<Probe, "clusterName" | "name" | "version"> = {}): Probe {
  const reason = `belongs to another cluster (uuid ${sanitizeForLog(foreignUuid)})`;
  return { outcome: "foreign", reason, foreignUuid, ...described };
}

/** A JSON object, from its text or as it is; undefined for anything else. */
function parseObject(value: unknown): Readonly<Record<string, unknown>> | undefined {
  try {
    const parsed: unknown = typeof value === "string" ? JSON.parse(value) : value;
    return typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)
      ? (parsed as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** What a node says of itself, fit for a log line. */
function text<Key extends string>(key: Key, value: unknown): { [K in Key]?: string } {
  return typeof value === "string" && value !== "" ? ({ [key]: sanitizeForLog(value) } as { [K in Key]: string }) : {};
}
