import {
  ClusterAccess,
  type ControlClient,
  type Endpoint,
  HttpControlClient,
  hostRefused,
  openSigner,
  probe,
  type Sniff,
  sniff,
  sniffContext,
} from "@rollcall/coordinator";
import { Semaphore, silentLogger, type Timers, withDeadline } from "@rollcall/core";
import { type ClusterConfig, fixed, type Seed } from "@rollcall/core/config";
import type { ProbeOutcome } from "@rollcall/core/health";
import { judgeIdentity, type ParsedSniff, recogniseSeeds, type SkippedNode } from "@rollcall/core/sniff";
import { addressOf, type NodeRecord } from "@rollcall/core/view";
import type { Findings, ListFinding, NodeFinding, SeedFinding, Verdict } from "./findings.js";
import { unlessStopped } from "./unless-stopped.js";

export interface CollectTimeouts {
  readonly connectMs: number;
  /** For a `GET /`. */
  readonly probeMs: number;
  /** For the list of nodes. */
  readonly listMs: number;
}

/** As a pool has them. */
export const poolTimeouts: CollectTimeouts = {
  connectMs: fixed.connectTimeoutMs,
  probeMs: fixed.probeTimeoutMaxMs,
  listMs: fixed.sniffTimeoutMs,
};

/** What bounds it beside the timeouts. What is left undone is "untried". */
export interface CollectLimits {
  /** How many of the listed nodes are probed. */
  readonly probedMax: number;
  /** Ends it. */
  readonly stop: AbortSignal;
}

/** How many nodes are probed at once. */
const probedAtOnce = 16;
const noLimits: CollectLimits = { probedMax: Number.POSITIVE_INFINITY, stop: new AbortController().signal };

/**
 * Reads the cluster's list of nodes and probes each of them, as a pool with this configuration would.
 *
 * All seeds are sniffed. The first of them, in the order given, that returns a list is used, and its cluster counts as
 * ours if the configuration names none. Every verdict comes from the functions that a pool uses. Never throws.
 */
export async function collect(
  config: ClusterConfig,
  timeouts: CollectTimeouts,
  timers: Timers,
  limits: CollectLimits = noLimits,
): Promise<Findings> {
  const access = new ClusterAccess(config, timers, silentLogger);
  const signer = openSigner(config, timers, silentLogger);
  const connecting = { timers, wallNowMs: Date.now, connectTimeoutMs: timeouts.connectMs };
  const controlClient = new HttpControlClient({ ...connecting, signer: () => signer });
  try {
    // A name server that hangs must not delay the probes.
    await unlessStopped(
      withDeadline(access.start(), timeouts.probeMs, timers, () => {}),
      limits.stop,
    );
    return await collectWith({ config, timeouts, timers, limits, access, controlClient });
  } finally {
    access.close();
    await controlClient.close();
  }
}

interface Collection {
  readonly config: ClusterConfig;
  readonly timeouts: CollectTimeouts;
  readonly timers: Timers;
  readonly limits: CollectLimits;
  readonly access: ClusterAccess;
  readonly controlClient: ControlClient;
}

type GoodList = Extract<ParsedSniff, { ok: true }>;

/** A seed and the result of sniffing it. */
interface ProbedSeed {
  readonly finding: SeedFinding;
  /** The endpoint it was reached at, and its list. */
  readonly listed?: { readonly endpoint: Endpoint; readonly list: GoodList };
}

async function collectWith(collection: Collection): Promise<Findings> {
  const limit = new Semaphore(probedAtOnce);
  const probed = await Promise.all(collection.config.seeds.map((seed) => limit.run(() => probeSeed(collection, seed))));
  const source = probed.find(({ listed }) => listed !== undefined);
  if (source?.listed === undefined) return { seeds: probed.map(({ finding }) => finding) };

  const clusterUuid = source.finding.clusterUuid;
  const seeds = probed.map(({ finding }) => judgedBy(clusterUuid, finding));
  const { endpoint, list } = source.listed;
  const members = recogniseSeeds(
    list.nodes,
    collection.access.seeds.map(({ host, port, addresses }, index) => {
      const answeredAs = seeds[index]?.answeredAs;
      return { host, port, addresses, ...(answeredAs === undefined ? {} : { answeredAs }) };
    }),
  );
  const nodes = await Promise.all(
    members.map((member, index) =>
      limit.run(() => {
        const isTried = index < collection.limits.probedMax;
        return probeNode(collection, member, isTried, clusterUuid, list.published.get(member.id));
      }),
    ),
  );
  const { total, successful, failed, complete, filterIgnored } = list;
  const finding: ListFinding = {
    seed: source.finding,
    nodes: [...nodes, ...list.skipped.map(skippedFinding)].sort(byName),
    ...(total === undefined || successful === undefined || failed === undefined ? {} : { total, successful, failed }),
    complete,
    filterIgnored,
    allowDirect: sniffContext(collection.config, endpoint).allowDirect,
  };
  return { seeds, list: finding };
}

// Seeds.

async function probeSeed(collection: Collection, seed: Seed): Promise<ProbedSeed> {
  const url = `${seed.scheme}://${addressOf(seed)}${seed.pathPrefix}`;
  const { host, port } = seed;
  const reach = collection.access.reach({ host, port });
  if (reach.kind === "refused") {
    const { reason } = reach;
    // It was not contacted.
    return { finding: { url, outcome: "unreachable", reason, hasCredential: false, latencyMs: 0 } };
  }
  const { endpoint } = reach;
  const startedMs = collection.timers.nowMs();
  const sniffing = sniff(collection.controlClient, endpoint, {
    pinnedUuid: collection.config.discovery === false ? undefined : collection.config.discovery.clusterUuid,
    probeTimeoutMs: collection.timeouts.probeMs,
    sniffTimeoutMs: collection.timeouts.listMs,
    context: sniffContext(collection.config, endpoint),
  });
  const hasCredential = endpoint.headers.authorization !== undefined;
  const latencyMs = () => Math.ceil(collection.timers.nowMs() - startedMs);
  const answer = await unlessStopped(sniffing, collection.limits.stop);
  if (answer === undefined) {
    return { finding: { url, outcome: "untried", reason: noTimeLeft, hasCredential, latencyMs: latencyMs() } };
  }
  const { name, clusterUuid, clusterName, version, code } = answer.probe;
  const finding: SeedFinding = {
    url,
    ...outcomeOf(answer),
    ...(code === undefined ? {} : { code }),
    hasCredential,
    latencyMs: latencyMs(),
    ...(name === undefined ? {} : { answeredAs: name }),
    ...(clusterUuid === undefined ? {} : { clusterUuid }),
    ...(clusterName === undefined ? {} : { clusterName }),
    ...(version === undefined ? {} : { version }),
  };
  return answer.parsed?.ok === true ? { finding, listed: { endpoint, list: answer.parsed } } : { finding };
}

function outcomeOf({ probe, parsed }: Sniff): Pick<SeedFinding, "outcome" | "reason"> {
  if (parsed === undefined) {
    // Without a list it is not certain that the node belongs to the cluster.
    const outcome = probe.outcome === "verified" ? "unverified" : probe.outcome;
    return { outcome, reason: probe.reason };
  }
  if (!parsed.ok) {
    const outcome = parsed.kind === "unserved" ? "malformed" : parsed.kind;
    return { outcome, reason: `GET /_nodes/http: ${parsed.reason}` };
  }
  return { outcome: "listed", reason: "lists the nodes of its cluster" };
}

/** A seed of another cluster than the one that is shown is foreign. */
function judgedBy(clusterUuid: string | undefined, seed: SeedFinding): SeedFinding {
  if (seed.clusterUuid === undefined) return seed;
  const identity = judgeIdentity(clusterUuid, seed.clusterUuid);
  if (identity.kind !== "foreign") return seed;
  return { ...seed, outcome: "foreign", reason: `belongs to another cluster (uuid ${identity.uuid})` };
}

// Nodes.

async function probeNode(
  { access, controlClient, timeouts, limits }: Collection,
  member: NodeRecord,
  isTried: boolean,
  pinnedUuid: string | undefined,
  published: string | undefined,
): Promise<NodeFinding> {
  const { id, name, roles, version, aliases = [] } = member;
  const known = {
    id,
    ...(name === undefined ? {} : { name }),
    ...(published === undefined ? {} : { published }),
    address: addressOf(member),
    ...(roles === undefined ? {} : { roles }),
    ...(version === undefined ? {} : { version }),
    sharedBy: aliases.length,
  };
  const reach = access.reach(member);
  if (reach.kind === "refused") return { ...known, verdict: "refused", reason: reach.reason };

  if (limits.stop.aborted) return { ...known, verdict: "untried", reason: noTimeLeft };
  if (!isTried) return { ...known, verdict: "untried", reason: `only ${limits.probedMax} nodes are tried` };
  const probing = probe(controlClient, reach.endpoint, { pinnedUuid, timeoutMs: timeouts.probeMs, fresh: true });
  const seen = await unlessStopped(probing, limits.stop);
  if (seen === undefined) return { ...known, verdict: "untried", reason: noTimeLeft };
  const isAnother = aliases.length === 0 && name !== undefined && seen.name !== undefined && seen.name !== name;
  return {
    ...known,
    verdict: seen.code === hostRefused ? "refused" : verdicts[seen.outcome],
    reason: seen.reason,
    ...(seen.code === undefined ? {} : { code: seen.code }),
    ...(isAnother ? { answeredAs: seen.name } : {}),
  };
}

const noTimeLeft = "no time was left for it";

const verdicts: Readonly<Record<ProbeOutcome, Verdict>> = {
  verified: "kept",
  denied: "denied",
  unreachable: "unreachable",
  foreign: "foreign",
  unverified: "unverified",
  overloaded: "overloaded",
  void: "unreachable",
};

function skippedFinding({ id, name, published, reason }: SkippedNode): NodeFinding {
  return {
    id,
    ...(name === undefined ? {} : { name }),
    ...(published === undefined ? {} : { published }),
    sharedBy: 0,
    verdict: "skipped",
    reason,
  };
}

/** Numerically: node-2 before node-10. */
const collator = new Intl.Collator("en", { numeric: true });

function byName(a: NodeFinding, b: NodeFinding): number {
  return collator.compare(a.name ?? "", b.name ?? "") || (a.id < b.id ? -1 : 1);
}
