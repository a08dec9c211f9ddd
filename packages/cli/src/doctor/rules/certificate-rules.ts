import type { TlsExamination } from "@rollcall/coordinator";
import { failureReason, type TlsFaultKind, tlsFaultOf } from "@rollcall/core";
import { addressOf } from "@rollcall/core/view";
import { isPlainToTls } from "../../diagnose.js";
import { nameList } from "../../name-list.js";
import type { Change } from "../change.js";
import type { Observations, SeedObservation } from "../observations.js";
import { groupBy } from "./group-by.js";

/** A certificate that ends sooner is mentioned. */
const soonDays = 30;
const dayMs = 86_400_000;

/** What is wrong between the two ends of TLS, by the first connection of each seed that has come so far. */
export function certificateChanges(observations: Observations): readonly Change[] {
  const seeds = observations.seeds.map((seed) => ({
    seed,
    tls: seed.connections.find(({ tls }) => tls !== undefined)?.tls,
  }));
  return [
    ...schemeChanges(observations),
    ...handshakeChanges(seeds),
    ...authorityChanges(seeds),
    ...nameChanges(seeds),
    ...dateChanges(seeds, observations.atMs),
    ...otherChanges(seeds),
    ...unverifiedChanges(observations),
    ...clientCertificateChanges(observations),
    ...endingChanges(seeds, observations.atMs),
  ];
}

interface SecuredSeed {
  readonly seed: SeedObservation;
  readonly tls: TlsExamination | undefined;
}

function schemeChanges({ seeds, findings }: Observations): readonly Change[] {
  const noTls = seeds.filter(({ connections }) =>
    connections.some(({ tls }) => tls?.handshake.ok === false && kindOf(tls.handshake.code) === "no-tls"),
  );
  const onlyTls = seeds.filter(({ connections }, at) => {
    const finding = findings.seeds[at];
    return finding?.outcome === "unreachable" && isPlainToTls(finding) && connections.some(({ tcp }) => tcp.ok);
  });
  const change = (group: readonly SeedObservation[], said: string, scheme: string): Change => ({
    ...{ cause: "scheme", isFault: true, stopsAll: group.length === seeds.length },
    problem: `${nameList(group.map(({ url }) => url))}: ${said}.`,
    remedy: `Write ${scheme} in \`nodes\`, or change the settings of the node.`,
  });
  return [
    ...(noTls.length === 0 ? [] : [change(noTls, "the port speaks no TLS", "http://")]),
    ...(onlyTls.length === 0
      ? []
      : [change(onlyTls, "connections without TLS are closed, as a node with TLS does", "https://")]),
  ];
}

function handshakeChanges(seeds: readonly SecuredSeed[]): readonly Change[] {
  const failed = groupBy(seeds, ({ tls }) => {
    if (tls === undefined || tls.handshake.ok) return undefined;
    // Each has a rule of its own.
    const isExplained = ["no-tls", "client-certificate"].includes(kindOf(tls.handshake.code) ?? "");
    return isExplained ? undefined : tls.handshake.code;
  });
  return failed.map(([code, group]) => ({
    ...{ cause: "tls", isFault: true, stopsAll: group.length === seeds.length },
    problem: `The TLS handshake with ${urls(group)} fails: ${failureReason(code)}${failureReason(code) === code ? "" : ` (${code})`}.`,
    remedy:
      "Check that the port is that of HTTP and not of the transport between nodes, and which versions of TLS both ends " +
      "allow; the log of the node says more.",
  }));
}

function authorityChanges(seeds: readonly SecuredSeed[]): readonly Change[] {
  const untrusted = groupBy(seeds, ({ seed, tls }) => {
    if (tls?.problem === undefined || !["authority", "pin"].includes(kindOf(tls.problem) ?? "")) return;
    return `${tls.authority?.fingerprint256 ?? tls.authority?.name ?? ""} ${seed.hasAuthority}`;
  });
  return untrusted.map(([, group]) => {
    const [first] = group;
    const { name = "an authority without a name", fingerprint256 } = first?.tls?.authority ?? {};
    const trusted =
      first?.seed.hasAuthority === true ? "the configured authority is another" : "Node's own list lacks it";
    return {
      ...{ cause: "certificate-authority", isFault: true, stopsAll: group.length === seeds.length },
      problem: `The certificate of ${urls(group)} was issued by an authority that is not trusted here, "${name}": ${trusted}.`,
      remedy:
        "Set `tls.ca` to the certificate of that authority (with Elasticsearch config/certs/http_ca.crt, with OpenSearch " +
        `the file of plugins.security.ssl.http.pemtrustedcas_filepath)${
          fingerprint256 === undefined
            ? "."
            : "; or pin it with `tls.caFingerprint`, once you have compared the fingerprint below with the one that the " +
              "node's own machine shows."
        }`,
      ...(fingerprint256 === undefined ? {} : { paste: [`caFingerprint: "${fingerprint256}"`] }),
    };
  });
}

function kindOf(code: string | undefined): TlsFaultKind | undefined {
  return code === undefined ? undefined : tlsFaultOf(code)?.kind;
}

function nameChanges(seeds: readonly SecuredSeed[]): readonly Change[] {
  return seeds.flatMap(({ seed, tls }): readonly Change[] => {
    if (tls === undefined || kindOf(tls.problem) !== "name") return [];
    const names = tls.chain[0]?.names ?? "";
    return [
      {
        ...{ cause: "certificate-name", isFault: true, stopsAll: seeds.length === 1 },
        problem: `The certificate of ${addressOf(seed)} is not for ${seed.host}, but for ${names === "" ? "no name at all" : names}.`,
        remedy:
          "Write one of these names in `nodes`; or set `tls.serverName` to one of them, if all nodes have it; or issue the " +
          "certificate again with the name that you use.",
      },
    ];
  });
}

function dateChanges(seeds: readonly SecuredSeed[], atMs: number): readonly Change[] {
  const wrong = groupBy(seeds, ({ tls }) =>
    ["expired", "not-yet"].includes(kindOf(tls?.problem) ?? "") ? tls?.problem : undefined,
  );
  return wrong.map(([code, group]) => {
    const chain = group[0]?.tls?.chain ?? [];
    const isOver = code === "CERT_HAS_EXPIRED";
    const bad = chain.find(({ validFromMs, validToMs }) => (isOver ? validToMs < atMs : validFromMs > atMs));
    const when = bad === undefined ? "" : ` (${bad.subject}): ${dayOf(isOver ? bad.validToMs : bad.validFromMs)}`;
    return {
      ...{ cause: "certificate-dates", isFault: true, stopsAll: group.length === seeds.length },
      problem: `A certificate of ${urls(group)} ${isOver ? "has expired" : "is not valid yet"}${when}.`,
      remedy: isOver
        ? "Renew it at the node. If it was renewed, the node has not loaded it yet, or an authority above it has expired."
        : `Compare the clocks: here it is ${new Date(atMs).toISOString()}.`,
    };
  });
}

function otherChanges(seeds: readonly SecuredSeed[]): readonly Change[] {
  const other = groupBy(seeds, ({ tls }) => {
    const kind = kindOf(tls?.problem);
    return kind === undefined || kind === "certificate" ? tls?.problem : undefined;
  });
  return other.map(([problem, group]) => ({
    ...{ cause: "tls", isFault: true, stopsAll: group.length === seeds.length },
    problem: `The certificate of ${urls(group)} is refused: ${failureReason(problem)}.`,
    remedy: "Issue the certificate again, and have the node send its whole chain.",
  }));
}

function unverifiedChanges({ seeds }: Observations): readonly Change[] {
  const unverified = seeds.filter(({ unverified }) => unverified === true).map(({ url }) => url);
  if (unverified.length === 0) return [];
  return [
    {
      ...{ cause: "certificate-unverified", isFault: false, stopsAll: false },
      problem: `The certificate of ${nameList(unverified)} is not verified: any machine on the way can answer as that node.`,
      remedy: "Set `tls.ca` or `tls.caFingerprint` in place of `tls.unsafeSkipVerification`.",
    },
  ];
}

/** Under TLS 1.3 the node refuses after the handshake, so that only the answer to a request shows it. */
function clientCertificateChanges({ seeds, findings }: Observations): readonly Change[] {
  const refused = groupBy(
    seeds.map((seed, at) => ({ seed, code: findings.seeds[at]?.code ?? "" })),
    ({ code }) => (kindOf(code) === "client-certificate" ? code : undefined),
  );
  return refused.map(([code, group]) => ({
    ...{ cause: "client-certificate", isFault: true, stopsAll: group.length === seeds.length },
    ...explained(nameList(group.map(({ seed }) => seed.url)), code),
  }));
}

/** The sentence of a code, as a change. */
function explained(subject: string, code: string): Pick<Change, "problem" | "remedy"> {
  const [what = "", ...todo] = failureReason(code).split(": ");
  const remedy = todo.join(": ");
  return { problem: `${subject}: ${what}.`, remedy: `${remedy.charAt(0).toUpperCase()}${remedy.slice(1)}.` };
}

function endingChanges(seeds: readonly SecuredSeed[], atMs: number): readonly Change[] {
  const ending = seeds.flatMap(({ seed, tls }) => {
    const ends = (tls?.chain ?? []).map(({ validToMs }) => validToMs).filter((endMs) => endMs > atMs);
    const daysLeft = Math.floor((Math.min(...ends) - atMs) / dayMs);
    return ends.length > 0 && daysLeft < soonDays ? [{ url: seed.url, daysLeft }] : [];
  });
  if (ending.length === 0) return [];
  const shown = ending.map(({ url, daysLeft }) => `${url} in ${daysLeft} days`);
  return [
    {
      ...{ cause: "certificate-ends", isFault: false, stopsAll: false },
      problem: `A certificate ends soon: ${nameList(shown)}.`,
      remedy: "Renew it before: connections that are open go on, and no new one is made afterwards.",
    },
  ];
}

function urls(group: readonly SecuredSeed[]): string {
  return nameList(group.map(({ seed }) => seed.url));
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
