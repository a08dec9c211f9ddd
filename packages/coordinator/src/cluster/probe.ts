import { present } from "@rollcall/core";
import type { ProbeOutcome } from "@rollcall/core/health";
import { type IdentityProof, isUnserved, judgeIdentity, sanitizeForLog } from "@rollcall/core/sniff";
import { type ControlClient, type ControlResponse, hasAnswered, isVoid } from "./control-client.js";
import type { Endpoint } from "./endpoint.js";

/** What `GET /` at one node showed. */
export interface Probe {
  readonly outcome: ProbeOutcome;
  /** For people. */
  readonly reason: string;
  /** The address answers, but serves no `GET /`: no node of a cluster does that. */
  readonly unserved?: true;
  /** The failure's code, if no answer came; `ERR_HOST_REFUSED` if the host policy forbids the connection. */
  readonly code?: string;
  readonly clusterUuid?: string;
  readonly clusterName?: string;
  /** The uuid of the other cluster that the node belongs to. */
  readonly foreignUuid?: string;
  /** The node's name. */
  readonly name?: string;
  readonly version?: string;
}

export interface ProbeOptions {
  /** Our cluster; undefined while every cluster is accepted. */
  readonly pinnedUuid: string | undefined;
  readonly timeoutMs: number;
  readonly fresh: boolean;
}

/** The answer of a node is a few hundred bytes. A longer one does not come from a node. */
const maxBytes = 65_536;

/** Sends `GET /` and judges the answer. Always resolves. */
export async function probe(
  controlClient: ControlClient,
  endpoint: Endpoint,
  { pinnedUuid, timeoutMs, fresh }: ProbeOptions,
): Promise<Probe> {
  return judgeProbe(await controlClient.request(endpoint, { path: "/", timeoutMs, maxBytes, fresh }), pinnedUuid);
}

function judgeProbe(answer: ControlResponse, pinnedUuid: string | undefined): Probe {
  if (answer.kind === "failed") {
    // It answered, so it can be reached.
    if (hasAnswered(answer)) return { outcome: "unverified", reason: answer.reason };
    if (isVoid(answer)) return { outcome: "void", reason: answer.reason, code: answer.code };
    return { outcome: "unreachable", reason: answer.reason, code: answer.code };
  }
  const { status } = answer;
  if (status === 401 || status === 403) return { outcome: "denied", reason: `GET / answered ${status}` };
  if (status === 429 || status >= 500) return { outcome: "overloaded", reason: `GET / answered ${status}` };
  if (status !== 200) {
    const reason = `GET / answered ${status}, not as a cluster node does`;
    return { outcome: "unverified", reason, ...(isUnserved(status) ? { unserved: true } : {}) };
  }

  const root = parseObject(new TextDecoder().decode(answer.body));
  if (root === undefined)
    return { outcome: "unverified", reason: "GET / answered something that is not a JSON object" };
  const described = present({
    clusterName: loggable(root.cluster_name),
    name: loggable(root.name),
    version: loggable(parseObject(root.version)?.number),
  });
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

/**
 * The probe as it counts now: our cluster may have been pinned after it was sent, and its node may be of another.
 */
export function judgedAgainst(pinnedUuid: string | undefined, result: Probe): Probe {
  const { outcome, clusterUuid } = result;
  if (outcome !== "verified" || pinnedUuid === undefined || clusterUuid === pinnedUuid) return result;
  return foreign(clusterUuid ?? "");
}

/** What the probe says about the identity of the cluster. */
export function proofOf({ clusterUuid, foreignUuid }: Probe): IdentityProof {
  if (clusterUuid !== undefined) return { kind: "verified", uuid: clusterUuid };
  return foreignUuid === undefined ? { kind: "unverified" } : { kind: "foreign", uuid: foreignUuid };
}

function foreign(foreignUuid: string, described: Pick<Probe, "clusterName" | "name" | "version"> = {}): Probe {
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

/** A text of the node's answer, fit for a log line. */
function loggable(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? sanitizeForLog(value) : undefined;
}
