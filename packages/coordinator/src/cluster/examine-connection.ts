import type { X509Certificate } from "node:crypto";
import { createConnection, isIP, type Socket } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import { errorCodeOf, present, type Timers } from "@rollcall/core";
import { isUnverified, plainName } from "@rollcall/core/access";
import type { TlsConfig } from "@rollcall/core/config";
import { authorityOf, type CertificateFacts, type ChainAuthority, readChain } from "./certificate-chain.js";
import { judgePinnedChain } from "./pinned-certificate.js";

/** One step of opening a connection: done, or the code that it failed with. */
export type ConnectionStep =
  | { readonly ok: true; readonly tookMs: number }
  | { readonly ok: false; readonly tookMs: number; readonly code: string };

/** A handshake, and what it showed. */
export interface TlsExamination {
  readonly handshake: ConnectionStep;
  /** Such as `TLSv1.3`. */
  readonly protocol?: string;
  /** What the server sent, its own certificate first. */
  readonly chain: readonly CertificateFacts[];
  readonly authority?: ChainAuthority;
  /** Why a pool would refuse the certificate: the code of the failure that a request would have. */
  readonly problem?: string;
}

/** How one address of a node can be connected to. */
export interface ConnectionExamination {
  readonly address: string;
  readonly tcp: ConnectionStep;
  /** Of https, where TCP works. */
  readonly tls?: TlsExamination;
}

export interface ConnectionTarget {
  /** Numeric. */
  readonly address: string;
  readonly port: number;
  /** Of https: the node's name or address, and its TLS settings. */
  readonly tls?: { readonly host: string; readonly config: TlsConfig };
}

export interface ConnectionExaminationParts {
  /** For TCP, and again for TLS. */
  readonly timeoutMs: number;
  readonly timers: Timers;
  readonly wallNowMs: () => number;
}

/**
 * Opens one connection with the settings that a pool has, and closes it: to tell which step fails, and why. A pool
 * refuses a certificate that is wrong; here the handshake goes on, so that the certificate can be shown. Nothing is
 * sent on the connection but the handshake: no request, no credential. Always resolves.
 */
export async function examineConnection(
  target: ConnectionTarget,
  parts: ConnectionExaminationParts,
): Promise<ConnectionExamination> {
  const { address, port, tls } = target;
  const socket = createConnection({ host: address, port });
  try {
    const tcp = await opened(socket, "connect", parts);
    if (!tcp.ok || tls === undefined) return { address, tcp };
    return { address, tcp, tls: await examineTls(socket, address, tls, parts) };
  } finally {
    socket.destroy();
  }
}

async function examineTls(
  socket: Socket,
  address: string,
  { host, config }: NonNullable<ConnectionTarget["tls"]>,
  parts: ConnectionExaminationParts,
): Promise<TlsExamination> {
  const { ca, cert, key, serverName } = config;
  const name = plainName(host);
  // As a connection of a pool: no server is called by its number.
  const servername = serverName ?? (isIP(name) === 0 ? name : "");
  const options = { socket, host: address, servername, rejectUnauthorized: false, ALPNProtocols: ["http/1.1"] };
  let secured: TLSSocket;
  try {
    secured = connect({ ...options, ...present({ ca: ca && [...ca], cert, key }) });
  } catch (error) {
    // Such as a key that OpenSSL cannot read.
    return { handshake: { ok: false, tookMs: 0, code: errorCodeOf(error) ?? "ERR_TLS" }, chain: [] };
  }
  try {
    const handshake = await opened(secured, "secureConnect", parts);
    if (!handshake.ok) return { handshake, chain: [] };
    // Once: Node gives it at the first call alone.
    const leaf = secured.getPeerX509Certificate();
    const chain = readChain(leaf);
    const problem = problemOf(secured, leaf, serverName ?? name, config, parts.wallNowMs());
    const protocol = secured.getProtocol() ?? undefined;
    return { handshake, chain, ...present({ protocol, authority: authorityOf(chain), problem }) };
  } finally {
    secured.destroy();
  }
}

/** As a pool judges, which may be told to let all pass: a pin without `ca` decides alone, with `ca` both must agree. */
function problemOf(
  secured: TLSSocket,
  leaf: X509Certificate | undefined,
  name: string,
  config: TlsConfig,
  nowMs: number,
): string | undefined {
  if (isUnverified(config)) return undefined;
  const { ca, caFingerprint } = config;
  const untrusted = secured.authorized ? undefined : codeOfAuthorization(secured.authorizationError);
  if (caFingerprint === undefined) return untrusted;
  return (
    (ca === undefined ? undefined : untrusted) ??
    judgePinnedChain({ getPeerX509Certificate: () => leaf }, name, caFingerprint, nowMs)?.code
  );
}

/** A code, although the types of Node say that it is an error. */
function codeOfAuthorization(error: unknown): string {
  return typeof error === "string" ? error : (errorCodeOf(error) ?? "ERR_TLS_UNAUTHORIZED");
}

function opened(
  socket: Socket,
  event: "connect" | "secureConnect",
  { timeoutMs, timers }: ConnectionExaminationParts,
): Promise<ConnectionStep> {
  const beganMs = timers.nowMs();
  return new Promise((resolve) => {
    const tookMs = () => Math.ceil(timers.nowMs() - beganMs);
    const failed = (code: string) => resolve({ ok: false, tookMs: tookMs(), code });
    const cancel = timers.after(timeoutMs, () => failed("ETIMEDOUT"));
    socket.once(event, () => resolve({ ok: true, tookMs: tookMs() }));
    // It stays for errors after the step: without a listener one would end the process.
    socket.on("error", (error) => failed(errorCodeOf(error) ?? error.name));
    socket.once("close", () => {
      cancel();
      failed("ECONNRESET");
    });
  });
}
