/**
 * What is wrong between the two ends of TLS.
 *
 * no-tls              the port speaks no TLS, and the node's URL is https
 * only-tls            the port speaks TLS, and the node's URL is http
 * authority           the node's certificate is not signed by an authority that is trusted here
 * pin                 … or not by the one whose fingerprint is configured
 * name                it is for another name
 * expired, not-yet    it is not valid now
 * certificate         it is refused for another reason
 * client-certificate  the node refuses our certificate, or got none
 * version, cipher     the ends have no version or cipher in common
 * refused             the node refuses the handshake, and does not say why
 */
export type TlsFaultKind =
  | "no-tls"
  | "only-tls"
  | "authority"
  | "pin"
  | "name"
  | "expired"
  | "not-yet"
  | "certificate"
  | "client-certificate"
  | "version"
  | "cipher"
  | "refused";

export interface TlsFault {
  readonly kind: TlsFaultKind;
  /** What is wrong and what to do, without a subject: it follows the address of a node. */
  readonly sentence: string;
}

/** The code of a connection without TLS that a port closed which speaks TLS. */
export const onlyTls = "ERR_TLS_ONLY";
/** The code of a connection that the node ended during its handshake, or after it and before anything was sent. */
export const handshakeEnded = "ERR_TLS_HANDSHAKE_ENDED";
/** The code of a chain in which no certificate has the pinned fingerprint. */
export const notPinned = "ERR_TLS_CA_FINGERPRINT";

const ownCertificate = "`tls.cert` and `tls.key`";
const trusted = "set `tls.ca` or `tls.caFingerprint`";

const authority = `certificate authority is unknown: ${trusted}`;
const noTls = "the port speaks no TLS: write http:// in the node's URL, or switch TLS on at the node";
const weak = "certificate has a key or signature that is too weak for this Node: issue it again at the node";

/** By the codes of Node and OpenSSL. The words before "alert" differ between versions of OpenSSL. */
const faults: readonly (readonly [codes: RegExp, kind: TlsFaultKind, sentence: string])[] = [
  [/^ERR_SSL_(?:WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG)$/, "no-tls", noTls],
  [/^ERR_TLS_ONLY$/, "only-tls", "the port speaks TLS, and the node's URL is http: write https:// there"],
  [/^DEPTH_ZERO_SELF_SIGNED_CERT$/, "authority", `certificate is self-signed: ${trusted}`],
  [/^(?:SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_GET_ISSUER_CERT|CERT_SIGNATURE_FAILURE)$/, "authority", authority],
  [
    /^UNABLE_TO_(?:VERIFY_LEAF_SIGNATURE|GET_ISSUER_CERT_LOCALLY)$/,
    "authority",
    "certificate authority is unknown: set `tls.ca`, or have the node send its whole chain",
  ],
  [
    /^ERR_TLS_CA_FINGERPRINT$/,
    "pin",
    "its certificate was not issued by the authority of `tls.caFingerprint`: set that of the authority of today, or `tls.ca`",
  ],
  [
    /^(?:ERR_TLS_CERT_ALTNAME_INVALID|HOSTNAME_MISMATCH)$/,
    "name",
    "certificate is for another name: set `tls.serverName`, or write a name of the certificate in `nodes`",
  ],
  [/^CERT_HAS_EXPIRED$/, "expired", "certificate has expired: renew it at the node, or the authority above it"],
  [
    /^CERT_NOT_YET_VALID$/,
    "not-yet",
    "certificate is not valid yet: compare the clocks of this machine and the node's",
  ],
  [/_(?:EE_KEY_TOO_SMALL|CA_KEY_TOO_SMALL|CA_MD_TOO_WEAK|DH_KEY_TOO_SMALL)$/, "certificate", weak],
  [/^INVALID_PURPOSE$/, "certificate", "certificate is not for servers: issue it again with serverAuth"],
  [/^CERT_REVOKED$/, "certificate", "certificate is revoked: renew it at the node"],
  [
    /ALERT_CERTIFICATE_REQUIRED$/,
    "client-certificate",
    `the node requires a client certificate, and got none: set ${ownCertificate}`,
  ],
  [
    /ALERT_CERTIFICATE_EXPIRED$/,
    "client-certificate",
    `the client certificate has expired, says the node: renew ${ownCertificate}`,
  ],
  [
    /ALERT_UNKNOWN_CA$/,
    "client-certificate",
    `the node does not trust the authority of the client certificate: set ${ownCertificate} to one of an authority of the node's`,
  ],
  [
    /ALERT_(?:BAD_CERTIFICATE|CERTIFICATE_UNKNOWN|UNSUPPORTED_CERTIFICATE|CERTIFICATE_REVOKED|ACCESS_DENIED|DECRYPT_ERROR)$/,
    "client-certificate",
    `the node refuses the client certificate, or got none: set ${ownCertificate} to a valid one of an authority of the node's`,
  ],
  [
    /^ERR_TLS_HANDSHAKE_ENDED$/,
    "client-certificate",
    `the node ended the TLS handshake without a reason, as for a client certificate that it does not accept: check ${ownCertificate}, and the log of the node`,
  ],
  [
    /ALERT_PROTOCOL_VERSION$|_(?:UNSUPPORTED_PROTOCOL|UNKNOWN_PROTOCOL|VERSION_TOO_LOW|VERSION_TOO_HIGH|NO_PROTOCOLS_AVAILABLE)$/,
    "version",
    "no version of TLS is allowed at both ends: allow TLS 1.2 or 1.3 at the node, or change Node's --tls-min-v… and --tls-max-v…",
  ],
  [
    /ALERT_INSUFFICIENT_SECURITY$|_(?:NO_CIPHERS_AVAILABLE|NO_CIPHER_MATCH|WRONG_CIPHER_RETURNED|NO_SHARED_CIPHER)$/,
    "cipher",
    "no cipher of TLS is allowed at both ends: allow one of Node's at the node, or change Node's --tls-cipher-list",
  ],
  [
    /ALERT_HANDSHAKE_FAILURE$/,
    "refused",
    `the node refuses the TLS handshake: it requires a client certificate (${ownCertificate}), or allows no cipher that Node offers (--tls-cipher-list)`,
  ],
  [
    /UNRECOGNIZED_NAME$/,
    "name",
    "the node has no certificate for the name that it was called by: set `tls.serverName`, or another name in `nodes`",
  ],
];

/** What an error code of a connection says about TLS; undefined where it says nothing that is listed here. */
export function tlsFaultOf(code: string): TlsFault | undefined {
  const found = faults.find(([codes]) => codes.test(code));
  return found && { kind: found[1], sentence: found[2] };
}

/**
 * Whether the node refused our certificate by an alert. It does so before it reads a request; under TLS 1.3 the request
 * may be on its way then.
 */
export function isCertificateRefusal(code: string): boolean {
  return /_ALERT_/.test(code) && tlsFaultOf(code)?.kind === "client-certificate";
}
