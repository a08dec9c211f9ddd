import type { X509Certificate } from "node:crypto";

/** One certificate, as plain data. Its texts are foreign: bounded, but they may hold what a terminal obeys. */
export interface CertificateFacts {
  /** Such as `CN=es1, O=Example`. */
  readonly subject: string;
  readonly issuer: string;
  /** `DNS:es1, IP Address:10.0.0.1`; empty without any. */
  readonly names: string;
  /** In milliseconds since 1970. */
  readonly validFromMs: number;
  readonly validToMs: number;
  /** SHA-256, upper-case hexadecimal pairs with colons. */
  readonly fingerprint256: string;
}

/** Who signed a chain at last. */
export interface ChainAuthority {
  readonly name: string;
  /** Of its certificate, where the node sent that too. */
  readonly fingerprint256?: string;
}

const longestChain = 10;
const textMaxLength = 300;

/** The certificates that a server sent: its own first, and each issuer that came with it. */
export function readChain(leaf: X509Certificate | undefined): readonly CertificateFacts[] {
  const chain: X509Certificate[] = [];
  for (let next = leaf; next !== undefined && chain.length < longestChain; next = next.issuerCertificate) {
    if (chain.at(-1)?.fingerprint256 === next.fingerprint256) break;
    chain.push(next);
  }
  return chain.map(factsOf);
}

/** The authority at the end of a chain; undefined without a chain. */
export function authorityOf(chain: readonly CertificateFacts[]): ChainAuthority | undefined {
  const last = chain.at(-1);
  if (last === undefined) return undefined;
  if (last.subject !== last.issuer) return { name: last.issuer };
  return { name: last.subject, fingerprint256: last.fingerprint256 };
}

function factsOf({ subject, issuer, subjectAltName, validFrom, validTo, fingerprint256 }: X509Certificate) {
  return {
    subject: nameText(subject),
    issuer: nameText(issuer),
    names: bounded(subjectAltName ?? ""),
    validFromMs: Date.parse(validFrom),
    validToMs: Date.parse(validTo),
    fingerprint256,
  } satisfies CertificateFacts;
}

/** One line a part, as Node gives a name. */
function nameText(text: string | undefined): string {
  return bounded((text ?? "").split("\n").filter(Boolean).join(", "));
}

function bounded(text: string): string {
  return text.length <= textMaxLength ? text : `${text.slice(0, textMaxLength)}…`;
}
