import { printable } from "../printable.js";
import { sniffLimits } from "./limits.js";

/** A replacement candidate takes over after this time in which no node of the old cluster answered. */
const replacedAfterMs = 60_000;
/** The same where no node has ever answered this process as one of the old cluster: a view alone named it. */
const disprovedAfterMs = 15_000;
/** Foreign nodes are probed every 10 s or more often: after a longer gap, it was this process that did not run. */
const gapMs = 30_000;
/** The `cluster_uuid` of a node that has not joined a cluster. */
const notJoined = "_na_";

/**
 * Which cluster is ours: the configured one, or the first whose node answers.
 *
 *                  a node answers               a node of it answers
 *      unpinned ──────────────────▶ verified ◀──────────────────────── pinned ◀─ configured
 *                                      │                                ▲  │
 *                                      └─── another takes its place ────┴──┘
 *
 * The cluster may be rebuilt at the same addresses, with another uuid. The uuid of the old one would then pass from
 * leader to leader and keep the new one out for ever. So another cluster takes its place once only that cluster has
 * answered at the configured addresses for 60 s. It does not while a node of ours answers at least once a minute, nor
 * while two other clusters answer. 15 s are enough where a view alone has named the old one, and no node of it has ever
 * answered this process: the view may be forged. A configured uuid is never replaced. Only configured nodes count: where
 * they are is the one thing about a cluster that its owner alone decides.
 *
 * Times are monotonic milliseconds.
 */
export type ClusterIdentity = (Unpinned | Pinned | Verified) & {
  readonly isConfigured: boolean;
  /** The names that configured nodes gave in their `GET /`, by address. */
  readonly seedNames: ReadonlyMap<string, string>;
};

interface Unpinned {
  readonly state: "unpinned";
}

interface Pinned {
  readonly state: "pinned";
  readonly uuid: string;
  readonly candidate: ReplacementCandidate | undefined;
}

interface Verified {
  readonly state: "verified";
  readonly uuid: string;
  readonly clusterName: string | undefined;
  /** A node has answered this process as one of it; else an inherited view alone names it. */
  readonly isConfirmed: boolean;
  readonly candidate: ReplacementCandidate | undefined;
}

/** Another cluster that answers at our addresses. */
interface ReplacementCandidate {
  readonly uuid: string;
  readonly sinceMs: number;
  readonly lastMs: number;
}

export type ClusterIdentityEvent =
  /** The last leader's view names this cluster; see {@link acceptsView}. */
  | { readonly type: "inherited"; readonly clusterUuid: string; readonly clusterName: string | undefined }
  /** A node answered `GET /`. */
  | {
      readonly type: "answered";
      readonly address: string;
      readonly isSeed: boolean;
      /** The cluster has listed it; a seed that is not listed is known by the name that it gives. */
      readonly isListed: boolean;
      readonly proof: IdentityProof;
      readonly clusterName?: string;
      readonly name?: string;
    };

export type ClusterIdentityEffect =
  /** The cluster is verified, or its name is known now. */
  | { readonly type: "pinned" }
  /** A configured node that is not listed gave a new name. */
  | { readonly type: "renamed"; readonly address: string; readonly name: string }
  /** Another cluster has taken the place of ours: all that was discovered is void. */
  | { readonly type: "replaced"; readonly before: string; readonly after: string };

/** @param configuredUuid the only cluster to accept; undefined: the first whose node answers */
export function newClusterIdentity(configuredUuid: string | undefined): ClusterIdentity {
  const known = { isConfigured: configuredUuid !== undefined, seedNames: new Map<string, string>() };
  if (configuredUuid === undefined) return { state: "unpinned", ...known };
  return { state: "pinned", uuid: configuredUuid, candidate: undefined, ...known };
}

/** Undefined while every cluster is accepted. */
export function pinnedUuidOf(identity: ClusterIdentity): string | undefined {
  return identity.state === "unpinned" ? undefined : identity.uuid;
}

/** Whether a view that names this cluster is of use. */
export function acceptsView(identity: ClusterIdentity, clusterUuid: string | undefined): boolean {
  const pinned = pinnedUuidOf(identity);
  return clusterUuid === undefined || pinned === undefined || pinned === clusterUuid;
}

/** Takes one event into account. Returns the same identity if nothing changes. */
export function nextClusterIdentity(
  identity: ClusterIdentity,
  event: ClusterIdentityEvent,
  nowMs: number,
): readonly [ClusterIdentity, readonly ClusterIdentityEffect[]] {
  if (event.type === "inherited") {
    const { clusterUuid, clusterName } = event;
    if (!acceptsView(identity, clusterUuid)) return [identity, []];
    return [{ ...verified(identity, clusterUuid, clusterName), isConfirmed: isConfirmed(identity) }, []];
  }
  const effects: ClusterIdentityEffect[] = [];
  const named = withSeedName(identity, event, effects);
  const { isSeed } = event;
  // The first cluster to answer is ours, also against one that was asked before.
  const proof = event.proof.kind === "verified" ? judgeIdentity(pinnedUuidOf(named), event.proof.uuid) : event.proof;
  switch (proof.kind) {
    case "verified":
      return [withAnswer(named, proof.uuid, event.clusterName, effects), effects];
    case "foreign":
      return [isSeed ? withForeign(named, proof.uuid, nowMs, effects) : named, effects];
    case "unverified":
      return [named, effects];
  }
}

function withSeedName(
  identity: ClusterIdentity,
  { address, isSeed, isListed, name }: Extract<ClusterIdentityEvent, { type: "answered" }>,
  effects: ClusterIdentityEffect[],
): ClusterIdentity {
  if (!isSeed || isListed || name === undefined || identity.seedNames.get(address) === name) return identity;
  effects.push({ type: "renamed", address, name });
  return { ...identity, seedNames: new Map(identity.seedNames).set(address, name) };
}

function withAnswer(
  identity: ClusterIdentity,
  uuid: string,
  clusterName: string | undefined,
  effects: ClusterIdentityEffect[],
): ClusterIdentity {
  const known = identity.state === "verified" ? identity.clusterName : undefined;
  if (identity.state !== "verified" || (known === undefined && clusterName !== undefined)) {
    effects.push({ type: "pinned" });
    return verified(identity, uuid, clusterName);
  }
  if (identity.candidate === undefined && identity.isConfirmed) return identity;
  return { ...identity, isConfirmed: true, candidate: undefined };
}

function withForeign(
  identity: ClusterIdentity,
  uuid: string,
  nowMs: number,
  effects: ClusterIdentityEffect[],
): ClusterIdentity {
  if (identity.state === "unpinned" || identity.isConfigured) return identity;
  const { candidate } = identity;
  if (candidate?.uuid !== uuid || nowMs > candidate.lastMs + gapMs) {
    return { ...identity, candidate: { uuid, sinceMs: nowMs, lastMs: nowMs } };
  }
  const afterMs = isConfirmed(identity) ? replacedAfterMs : disprovedAfterMs;
  if (nowMs < candidate.sinceMs + afterMs) return { ...identity, candidate: { ...candidate, lastMs: nowMs } };
  effects.push({ type: "replaced", before: identity.uuid, after: uuid });
  return { state: "pinned", uuid, candidate: undefined, isConfigured: false, seedNames: new Map() };
}

function isConfirmed(identity: ClusterIdentity): boolean {
  return identity.state === "pinned" || (identity.state === "verified" && identity.isConfirmed);
}

function verified(
  { isConfigured, seedNames }: ClusterIdentity,
  uuid: string,
  clusterName: string | undefined,
): ClusterIdentity & Verified {
  return { state: "verified", uuid, clusterName, isConfirmed: true, candidate: undefined, isConfigured, seedNames };
}

/**
 * What an address proved to be, by the `cluster_uuid` of its `GET /`.
 *
 * "unverified" is alive but has not joined a cluster, or does not say which. Nothing is pinned by it, and its sniff,
 * which would list itself alone, is not used.
 */
export type IdentityProof =
  | { readonly kind: "verified"; readonly uuid: string }
  | { readonly kind: "unverified" }
  | { readonly kind: "foreign"; readonly uuid: string };

/** Total: `answeredUuid` may be anything. With nothing pinned any real uuid is verified. */
export function judgeIdentity(pinned: string | undefined, answeredUuid: unknown): IdentityProof {
  if (typeof answeredUuid !== "string" || answeredUuid.length > sniffLimits.idMaxLength) return { kind: "unverified" };
  if (answeredUuid === "" || answeredUuid === notJoined) return { kind: "unverified" };
  // As it is read from a view.
  const uuid = printable(answeredUuid);
  return { kind: pinned === undefined || pinned === uuid ? "verified" : "foreign", uuid };
}
