import type { X509Certificate } from "node:crypto";
import { checkServerIdentity, type PeerCertificate, type TLSSocket } from "node:tls";
import { notPinned } from "@rollcall/core";

/** As many certificates as a sane chain has; bounds a hostile one. */
const longestChain = 10;

/** Why a chain is refused: by the code that Node gives the same problem, where it has one. */
export interface ChainProblem {
  readonly code: "CERT_HAS_EXPIRED" | "CERT_NOT_YET_VALID" | "ERR_TLS_CERT_ALTNAME_INVALID" | typeof notPinned;
  readonly message: string;
}

/**
 * Whether the peer proved to be the server that was called, with the certificate of that SHA-256 fingerprint as the
 * only thing trusted.
 *
 * A fingerprint is found in a chain that the peer sent, and any peer can send any public certificate. So each link
 * is checked for itself: its signature by the next, its dates, and that the issuer may issue; and at the end the name.
 * The chain may end at the pinned certificate; what lies beyond it does not matter.
 *
 * @param fingerprint upper-case hex pairs with colons, as in `X509Certificate.fingerprint256`
 * @returns what is wrong, or undefined where all is well
 */
export function judgePinnedChain(
  socket: Pick<TLSSocket, "getPeerX509Certificate">,
  hostname: string,
  fingerprint: string,
  nowMs: number,
): ChainProblem | undefined {
  const leaf = socket.getPeerX509Certificate();
  if (leaf === undefined) return unpinned("the server sent no certificate");

  const wrongName = checkServerIdentity(hostname, leaf.toLegacyObject() as PeerCertificate);
  if (wrongName !== undefined) return { code: "ERR_TLS_CERT_ALTNAME_INVALID", message: wrongName.message };

  let certificate: X509Certificate = leaf;
  for (let depth = 0; depth < longestChain; depth++) {
    if (nowMs < Date.parse(certificate.validFrom)) {
      return { code: "CERT_NOT_YET_VALID", message: "a certificate of the chain is not valid yet" };
    }
    if (nowMs > Date.parse(certificate.validTo)) {
      return { code: "CERT_HAS_EXPIRED", message: "a certificate of the chain has expired" };
    }
    if (certificate.fingerprint256 === fingerprint) return undefined;

    const issuer: X509Certificate | undefined = certificate.issuerCertificate;
    if (issuer === undefined || issuer.fingerprint256 === certificate.fingerprint256) break;
    if (!issuer.ca || !certificate.checkIssued(issuer) || !certificate.verify(issuer.publicKey)) {
      return unpinned("the certificate chain is broken: a certificate is not signed by the one that follows it");
    }
    certificate = issuer;
  }
  return unpinned("no certificate of the chain has the fingerprint of `tls.caFingerprint`");
}

function unpinned(message: string): ChainProblem {
  return { code: notPinned, message };
}
