import { judgeFailure } from "@rollcall/core/request";
import { parsePublishAddress } from "@rollcall/core/sniff";
import { addressOf } from "@rollcall/core/view";
import { exitCodes } from "./exit-codes.js";
import type { Findings, ListFinding, NodeFinding, SeedFinding, SeedOutcome, Verdict } from "./findings.js";
import { flagsFor } from "./option-names.js";

export interface Diagnosis {
  readonly exitCode: number;
  /** One sentence. */
  readonly verdict: string;
  /** Sentences for people, the most useful first. */
  readonly advice: readonly string[];
}

/** What the findings mean for a pool with this configuration, and what can be done about them. */
export function diagnose({ seeds, list }: Findings): Diagnosis {
  const advice = [...new Set([...(list === undefined ? [] : adviceOnList(list)), ...adviceOnSeeds(seeds)])];
  const reasons = [...seeds, ...(list?.nodes ?? [])].map(({ reason }) => reason);
  const flags = flagsFor([...reasons, ...advice]);
  return {
    ...(list === undefined ? judgeWithoutList(seeds) : judgeList(list)),
    advice: flags.length === 0 ? advice : [...advice, `On this command line, ${flags.join(", ")}.`],
  };
}

type Judgement = Omit<Diagnosis, "advice">;

const staysOnSeeds = "a pool would stay on its configured nodes.";

function judgeList({ nodes }: ListFinding): Judgement {
  const kept = nodes.filter(({ verdict }) => verdict === "kept").length;
  if (kept > 0) {
    const subject = nodes.length === 1 ? "The listed node" : `${kept} of ${nodes.length} listed nodes`;
    return { exitCode: exitCodes.success, verdict: `${subject} can be used: discovery works from here.` };
  }
  const subject = nodes.length === 1 ? "The listed node cannot" : `None of ${nodes.length} listed nodes can`;
  return { exitCode: exitCodes.failure, verdict: `${subject} be used: ${staysOnSeeds}` };
}

function judgeWithoutList(seeds: readonly SeedFinding[]): Judgement {
  return seeds.every(({ outcome }) => outcome === "unreachable")
    ? { exitCode: exitCodes.noAnswer, verdict: "No configured node answered: a pool could not serve anything." }
    : { exitCode: exitCodes.failure, verdict: `No configured node gave a list of nodes: ${staysOnSeeds}` };
}

/** Pairs of a condition and the advice for it. */
type Advice = readonly (readonly [isApt: boolean, advice: string])[];

function apt(advice: Advice): readonly string[] {
  return advice.filter(([isApt]) => isApt).map(([, text]) => text);
}

function adviceOnList({ nodes, allowDirect, failed = 0, filterIgnored }: ListFinding): readonly string[] {
  const is = (verdict: Verdict) => nodes.some((node) => node.verdict === verdict);
  const unreachable = nodes.filter(({ verdict }) => verdict === "unreachable");
  const unconnected = unreachable.filter((node) => !isTlsFailure(node));
  return apt([
    [!allowDirect, pathPrefixAdvice],
    [unconnected.length > 0 && !is("kept"), addressMapAdvice(unconnected)],
    [
      unconnected.length < unreachable.length,
      "The TLS connection to a node fails: the reason says what is wrong with it.",
    ],
    [
      is("unreachable") && is("kept"),
      "An unreachable node gets no request. It is probed again, and used once it answers.",
    ],
    [is("foreign"), "An address that leads to another cluster is never used: look at port forwarding and proxies."],
    [
      is("unverified"),
      "An address is used once a node that has joined the cluster answers there; a proxy is not a node.",
    ],
    [is("denied"), deniedAdvice],
    [is("overloaded"), overloadAdvice],
    [is("refused"), "No credential goes to a refused node; the reason names the option that lets it in."],
    [
      nodes.some(({ answeredAs }) => answeredAs !== undefined),
      "An address leads to another node than the one that published it: look at discovery.addressMap.",
    ],
    [
      failed > 0,
      "Some nodes did not answer the node that gave the list, so the list may lack them. A pool would keep them.",
    ],
    [filterIgnored, "Only dedicated cluster managers are listed, so they are used after all."],
  ]);
}

function adviceOnSeeds(seeds: readonly SeedFinding[]): readonly string[] {
  const is = (outcome: SeedOutcome) => seeds.some((seed) => seed.outcome === outcome);
  const isDenied = (withCredential: boolean) =>
    seeds.some(({ outcome, hasCredential }) => outcome === "denied" && hasCredential === withCredential);
  return apt([
    [
      isDenied(false),
      "No credential was sent: give --username with the password in ROLLCALL_PASSWORD, or --api-key, or --bearer.",
    ],
    [isDenied(true), deniedAdvice],
    [
      is("unverified"),
      "A node that has not joined a cluster is not used: look at its log and its discovery settings. If the answer " +
        "is not a node's, the URL leads to something else.",
    ],
    [
      is("foreign"),
      "All URLs must lead to one cluster: that of --cluster-uuid, or else of the first that gives a list.",
    ],
    [is("malformed") || is("empty"), "What answered is not a search node, or a proxy changes its answers."],
    [is("overloaded"), overloadAdvice],
    [seeds.some(isPlainToTls), "A node with TLS closes a connection without it: try https:// in place of http://."],
  ]);
}

const pathPrefixAdvice =
  "A URL with a path looks like a proxy before the cluster: a pool sends everything through it, unless discovery.allow " +
  "names the nodes that may be reached directly.";

const overloadAdvice = "A node that answered 429 or 5xx is running but cannot answer now: try again later.";

const deniedAdvice =
  "401 means that the user, key or token is unknown there; 403 that it lacks a privilege: the cluster privilege " +
  "monitor in Elasticsearch, cluster:monitor/main and cluster:monitor/nodes/info in OpenSearch.";

function addressMapAdvice(unconnected: readonly NodeFinding[]): string {
  return (
    "The addresses that the cluster publishes cannot be reached from here, as is usual with Docker, NAT or a tunnel. " +
    `Say how they are reached with discovery.addressMap, such as --address-map ${mapKey(unconnected[0])}=HOST:PORT; ` +
    "or let the nodes publish another address (http.publish_host); or turn discovery off with discovery: false."
  );
}

/** How `discovery.addressMap` names a node: `name:port` for `name/number:port`. */
function mapKey(node: NodeFinding | undefined): string {
  const published = parsePublishAddress(node?.published);
  return published.ok ? addressOf(published) : "FROM";
}

/** By the same judgement as for requests. */
function isTlsFailure({ code }: NodeFinding): boolean {
  const outcome = judgeFailure({ code }, { handedToSocket: false, firstByteSeen: false, reusedSocket: false });
  return outcome.kind === "not-connected" && outcome.code === "TLS";
}

function isPlainToTls({ url, code }: SeedFinding): boolean {
  return url.startsWith("http:") && (code === "UND_ERR_SOCKET" || code === "ECONNRESET");
}
