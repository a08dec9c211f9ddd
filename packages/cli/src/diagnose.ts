import { onlyTls } from "@rollcall/core";
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
export function diagnose(findings: Findings): Diagnosis {
  const { seeds, list } = findings;
  const advice = [...new Set(adviceOn(findings).map(({ text }) => text))];
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

/** What advice is about. */
export type AdviceKind =
  | "path-prefix"
  | "address-map"
  | "node-tls"
  | "node-unreachable"
  | "node-foreign"
  | "node-unverified"
  | "denied"
  | "overloaded"
  | "refused"
  | "other-node"
  | "incomplete"
  | "managers"
  | "no-credential"
  | "seed-unverified"
  | "seed-foreign"
  | "no-list"
  | "plain-to-tls";

export interface Advice {
  readonly kind: AdviceKind;
  readonly text: string;
}

/** What can be done about the findings, the most useful first. */
export function adviceOn({ seeds, list }: Findings): readonly Advice[] {
  return [...(list === undefined ? [] : adviceOnList(list)), ...adviceOnSeeds(seeds)];
}

type Rules = readonly (readonly [isApt: boolean, kind: AdviceKind, text: string])[];

function apt(rules: Rules): readonly Advice[] {
  return rules.filter(([isApt]) => isApt).map(([, kind, text]) => ({ kind, text }));
}

function adviceOnList({ nodes, allowDirect, failed = 0, filterIgnored }: ListFinding): readonly Advice[] {
  const is = (verdict: Verdict) => nodes.some((node) => node.verdict === verdict);
  const unreachable = nodes.filter(({ verdict }) => verdict === "unreachable");
  const unconnected = unreachable.filter((node) => !isTlsFailure(node));
  return apt([
    [!allowDirect, "path-prefix", pathPrefixAdvice],
    [unconnected.length > 0 && !is("kept"), "address-map", addressMapAdvice(unconnected)],
    [
      unconnected.length < unreachable.length,
      "node-tls",
      "The TLS connection to a node fails: the reason says what is wrong with it.",
    ],
    [
      is("unreachable") && is("kept"),
      "node-unreachable",
      "An unreachable node gets no request. It is probed again, and used once it answers.",
    ],
    [
      is("foreign"),
      "node-foreign",
      "An address that leads to another cluster is never used: look at port forwarding and proxies.",
    ],
    [
      is("unverified"),
      "node-unverified",
      "An address is used once a node that has joined the cluster answers there; a proxy is not a node.",
    ],
    [is("denied"), "denied", deniedAdvice],
    [is("overloaded"), "overloaded", overloadAdvice],
    [is("refused"), "refused", "No credential goes to a refused node; the reason names the option that lets it in."],
    [
      nodes.some(({ answeredAs }) => answeredAs !== undefined),
      "other-node",
      "An address leads to another node than the one that published it: look at discovery.addressMap.",
    ],
    [
      failed > 0,
      "incomplete",
      "Some nodes did not answer the node that gave the list, so the list may lack them. A pool would keep them.",
    ],
    [filterIgnored, "managers", "Only dedicated cluster managers are listed, so they are used after all."],
  ]);
}

function adviceOnSeeds(seeds: readonly SeedFinding[]): readonly Advice[] {
  const is = (outcome: SeedOutcome) => seeds.some((seed) => seed.outcome === outcome);
  const isDenied = (withCredential: boolean) =>
    seeds.some(({ outcome, hasCredential }) => outcome === "denied" && hasCredential === withCredential);
  return apt([
    [
      isDenied(false),
      "no-credential",
      "No credential was sent: give --username with the password in ROLLCALL_PASSWORD, or --api-key, or --bearer.",
    ],
    [isDenied(true), "denied", deniedAdvice],
    [
      is("unverified"),
      "seed-unverified",
      "A node that has not joined a cluster is not used: look at its log and its discovery settings. If the answer " +
        "is not a node's, the URL leads to something else.",
    ],
    [
      is("foreign"),
      "seed-foreign",
      "All URLs must lead to one cluster: that of --cluster-uuid, or else of the first that gives a list.",
    ],
    [is("malformed") || is("empty"), "no-list", "What answered is not a search node, or a proxy changes its answers."],
    [is("overloaded"), "overloaded", overloadAdvice],
    [
      seeds.some(isPlainToTls),
      "plain-to-tls",
      "A node with TLS closes a connection without it: try https:// in place of http://.",
    ],
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
export function mapKey(node: NodeFinding | undefined): string {
  const published = parsePublishAddress(node?.published);
  return published.ok ? addressOf(published) : "FROM";
}

/** By the same judgement as for requests. */
export function isTlsFailure({ code }: NodeFinding): boolean {
  const outcome = judgeFailure({ code }, { handedToSocket: false, firstByteSeen: false, reusedSocket: false });
  return outcome.kind === "not-connected" && outcome.code === "TLS";
}

/** A node with TLS was sent a request without it. */
export function isPlainToTls({ code }: SeedFinding): boolean {
  return code === onlyTls;
}
