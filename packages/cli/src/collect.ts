import {
  ClusterAccess,
  type ControlClient,
  type Endpoint,
  HttpControlClient,
  hostRefused,
  probe,
  type Sniff,
  sniff,
  sniffContext,
} from "@rollcall/coordinator";
import { silentLogger, type Timers } from "@rollcall/core";
import type { ClusterConfig, Seed } from "@rollcall/core/config";
import type { ProbeOutcome } from "@rollcall/core/health";
import { judgeIdentity, type ParsedSniff, recogniseSeeds, type SkippedNode } from "@rollcall/core/sniff";
import { addressOf, type NodeRecord } from "@rollcall/core/view";
import type { Findings, ListFinding, NodeFinding, SeedFinding, Verdict } from "./findings.js";
import { inTurns } from "./in-turns.js";

export interface SurveyTimeouts {
  readonly connectMs: number;
  /** For a `GET /`. */
  readonly probeMs: number;
  /** For the list of nodes. */
  readonly listMs: number;
}

/** How many nodes are asked at once. */
const askedAtOnce = 16;

/**
 * Asks a cluster who belongs to it, and each member whether it can be used, as a pool would with this configuration.
 *
 * All seeds are asked. The first of them, in the order given, that gives a list is believed, and so is its cluster where
 * the configuration names none. Nothing is judged here: a verdict is what the functions said that a pool goes by.
 * Always answers, never throws.
 */
export async function collect(config: ClusterConfig, timeouts: SurveyTimeouts, timers: Timers): Promise<Findings> {
  const access = new ClusterAccess(config, timers, silentLogger);
  const controlClient = new HttpControlClient({ timers, wallNowMs: Date.now, connectTimeoutMs: timeouts.connectMs });
  try {
    // A name server that hangs must not hold us up.
    await Promise.race([access.start(), new Promise<void>((go) => timers.after(timeouts.probeMs, go))]);
    return await surveyWith({ config, timeouts, timers, access, controlClient });
  } finally {
    access.close();
    await controlClient.close();
  }
}

interface Site {
  readonly config: ClusterConfig;
  readonly timeouts: SurveyTimeouts;
  readonly timers: Timers;
  readonly access: ClusterAccess;
  readonly controlClient: ControlClient;
}

type GoodList = Extract<ParsedSniff, { ok: true }>;

/** A seed and what came of asking it. */
interface AskedSeed {
  readonly finding: SeedFinding;
  /** Where it was asked, and what it listed. */
  readonly listed?: { readonly endpoint: Endpoint; readonly list: GoodList };
}

async function surveyWith(site: Site): Promise<Findings> {
  const asked = await inTurns(site.config.seeds, askedAtOnce, (seed) => askSeed(site, seed));
  const believed = asked.find(({ listed }) => listed !== undefined);
  if (believed?.listed === undefined) return { seeds: asked.map(({ finding }) => finding) };

  const clusterUuid = believed.finding.clusterUuid;
  const seeds = asked.map(({ finding }) => judgedBy(clusterUuid, finding));
  const { endpoint, list } = believed.listed;
  const members = recogniseSeeds(
    list.nodes,
    site.access.seeds.map(({ host, port, addresses }, index) => {
      const answeredAs = seeds[index]?.answeredAs;
      return { host, port, addresses, ...(answeredAs === undefined ? {} : { answeredAs }) };
    }),
  );
  const met = await inTurns(members, askedAtOnce, (member) =>
    meet(site, member, clusterUuid, list.published.get(member.id)),
  );
  const { total, successful, failed, complete, filterIgnored } = list;
  const finding: ListFinding = {
    seed: believed.finding,
    nodes: [...met, ...list.skipped.map(skippedFinding)].sort(byName),
    ...(total === undefined || successful === undefined || failed === undefined ? {} : { total, successful, failed }),
    complete,
    filterIgnored,
    allowDirect: sniffContext(site.config, endpoint).allowDirect,
  };
  return { seeds, list: finding };
}

// Seeds.

async function askSeed(site: Site, seed: Seed): Promise<AskedSeed> {
  const url = `${seed.scheme}://${addressOf(seed)}${seed.pathPrefix}`;
  const { host, port } = seed;
  const reach = site.access.reach({ host, port });
  if (reach.kind === "refused") {
    const { reason } = reach;
    // Not asked, so not heard of.
    return { finding: { url, outcome: "unreachable", reason, hasCredential: false, latencyMs: 0 } };
  }
  const { endpoint } = reach;
  const startedMs = site.timers.nowMs();
  const answer = await sniff(site.controlClient, endpoint, {
    pinnedUuid: site.config.discovery === false ? undefined : site.config.discovery.clusterUuid,
    probeTimeoutMs: site.timeouts.probeMs,
    sniffTimeoutMs: site.timeouts.listMs,
    context: sniffContext(site.config, endpoint),
  });
  const { name, clusterUuid, clusterName, version, code } = answer.probe;
  const finding: SeedFinding = {
    url,
    ...outcomeOf(answer),
    ...(code === undefined ? {} : { code }),
    hasCredential: endpoint.headers.authorization !== undefined,
    latencyMs: Math.ceil(site.timers.nowMs() - startedMs),
    ...(name === undefined ? {} : { answeredAs: name }),
    ...(clusterUuid === undefined ? {} : { clusterUuid }),
    ...(clusterName === undefined ? {} : { clusterName }),
    ...(version === undefined ? {} : { version }),
  };
  return answer.parsed?.ok === true ? { finding, listed: { endpoint, list: answer.parsed } } : { finding };
}

function outcomeOf({ probe, parsed }: Sniff): Pick<SeedFinding, "outcome" | "reason"> {
  if (parsed === undefined) {
    // Without a list a node has not proved to be of the cluster, whatever else it said.
    const outcome = probe.outcome === "verified" ? "unverified" : probe.outcome;
    return { outcome, reason: probe.reason };
  }
  if (!parsed.ok) return { outcome: parsed.kind, reason: `GET /_nodes/http: ${parsed.reason}` };
  return { outcome: "listed", reason: "lists the nodes of its cluster" };
}

/** A seed of another cluster than the one that is explained is foreign to it. */
function judgedBy(clusterUuid: string | undefined, seed: SeedFinding): SeedFinding {
  if (seed.clusterUuid === undefined) return seed;
  const identity = judgeIdentity(clusterUuid, seed.clusterUuid);
  if (identity.kind !== "foreign") return seed;
  return { ...seed, outcome: "foreign", reason: `belongs to another cluster (uuid ${identity.uuid})` };
}

// Nodes.

async function meet(
  { access, controlClient, timeouts }: Site,
  member: NodeRecord,
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

  const seen = await probe(controlClient, reach.endpoint, { pinnedUuid, timeoutMs: timeouts.probeMs, fresh: true });
  const isAnother = aliases.length === 0 && name !== undefined && seen.name !== undefined && seen.name !== name;
  return {
    ...known,
    verdict: seen.code === hostRefused ? "refused" : verdicts[seen.outcome],
    reason: seen.reason,
    ...(seen.code === undefined ? {} : { code: seen.code }),
    ...(isAnother ? { answeredAs: seen.name } : {}),
  };
}

const verdicts: Readonly<Record<ProbeOutcome, Verdict>> = {
  verified: "kept",
  denied: "denied",
  unreachable: "unreachable",
  foreign: "foreign",
  unverified: "unverified",
  overloaded: "overloaded",
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

/** As people count: node-2 before node-10. */
const collator = new Intl.Collator("en", { numeric: true });

function byName(a: NodeFinding, b: NodeFinding): number {
  return collator.compare(a.name ?? "", b.name ?? "") || (a.id < b.id ? -1 : 1);
}
