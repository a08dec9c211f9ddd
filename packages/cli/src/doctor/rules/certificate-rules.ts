import type { TlsExamination } from "@rollcall/coordinator";
import { failureReason } from "@rollcall/core";
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
    ...clientCertificateChanges(observations),
    ...endingChanges(seeds, observations.atMs),
  ];
}

interface SecuredSeed {
  readonly seed: SeedObservation;
  readonly tls: TlsExamination | undefined;
}

const speaksNoTls = ["ERR_SSL_WRONG_VERSION_NUMBER", "ERR_SSL_PACKET_LENGTH_TOO_LONG"];
const unknownAuthority = [
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_GET_ISSUER_CERT",
];
const wrongName = "ERR_TLS_CERT_ALTNAME_INVALID";
const wrongDates = ["CERT_HAS_EXPIRED", "CERT_NOT_YET_VALID"];
const explained: readonly string[] = [...unknownAuthority, ...wrongDates, wrongName];

function schemeChanges({ seeds, findings }: Observations): readonly Change[] {
  const noTls = seeds.filter(({ connections }) =>
    connections.some(({ tls }) => tls?.handshake.ok === false && speaksNoTls.includes(tls.handshake.code)),
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
    if (tls === undefined || tls.handshake.ok || speaksNoTls.includes(tls.handshake.code)) return undefined;
    return tls.handshake.code;
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
    if (tls?.problem === undefined || !(unknownAuthority.includes(tls.problem) || isPinProblem(tls.problem))) return;
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

/** A sentence about a pinned certificate, and no code. */
function isPinProblem(problem: string): boolean {
  return problem.includes("tls.caFingerprint");
}

function nameChanges(seeds: readonly SecuredSeed[]): readonly Change[] {
  return seeds.flatMap(({ seed, tls }): readonly Change[] => {
    if (tls?.problem !== wrongName && !tls?.problem?.startsWith("Hostname/IP does not match")) return [];
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
  const wrong = groupBy(seeds, ({ tls }) => (wrongDates.includes(tls?.problem ?? "") ? tls?.problem : undefined));
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
    const { problem } = tls ?? {};
    const isExplained =
      problem === undefined ||
      explained.includes(problem) ||
      isPinProblem(problem) ||
      problem.startsWith("Hostname/IP");
    return isExplained ? undefined : problem;
  });
  return other.map(([problem, group]) => ({
    ...{ cause: "tls", isFault: true, stopsAll: group.length === seeds.length },
    problem: `The certificate of ${urls(group)} is refused: ${failureReason(problem)}.`,
    remedy: "Issue the certificate again, and have the node send its whole chain.",
  }));
}

function clientCertificateChanges({ seeds, findings }: Observations): readonly Change[] {
  const wanted = seeds.filter((_, at) =>
    /CERTIFICATE_REQUIRED|ALERT_HANDSHAKE_FAILURE/.test(findings.seeds[at]?.code ?? ""),
  );
  if (wanted.length === 0) return [];
  return [
    {
      ...{ cause: "client-certificate", isFault: true, stopsAll: wanted.length === seeds.length },
      problem: `${nameList(wanted.map(({ url }) => url))} asks for a client certificate and got none that it accepts.`,
      remedy: "Set `tls.cert` and `tls.key` to one that the node's authorities have signed.",
    },
  ];
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
