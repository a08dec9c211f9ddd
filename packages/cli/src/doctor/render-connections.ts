import type { ConnectionStep, TlsExamination } from "@rollcall/coordinator";
import { failureReason } from "@rollcall/core";
import type { Paint } from "../text-layout.js";
import type { SeedObservation } from "./observations.js";
import { line } from "./render-line.js";

const dayMs = 86_400_000;

/** TCP to each address of a seed, and TLS. */
export function connectionLines(
  { connections, scheme }: SeedObservation,
  atMs: number,
  paint: Paint,
): readonly string[] {
  if (connections.length === 0) return [];
  const isOpen = connections.every(({ tcp }) => tcp.ok);
  const tcp = connections.map(({ address, tcp }) => `${address}: ${stepText(tcp)}`);
  const secured = connections.flatMap(({ address, tls }) => (tls === undefined ? [] : [{ address, tls }]));
  const [first] = secured;
  return [
    line("TCP", isOpen ? "good" : "bad", tcp, paint),
    ...(scheme === "http" || first === undefined ? [] : [tlsLine(first.tls, atMs, paint)]),
    // The addresses of one name may be several machines.
    ...secured
      .filter(({ tls }) => first !== undefined && signatureOf(tls) !== signatureOf(first.tls))
      .map(({ address, tls }) => line(`TLS ${address}`, "caution", tlsTexts(tls, atMs), paint)),
  ];
}

function tlsLine(tls: TlsExamination, atMs: number, paint: Paint): string {
  const isWell = tls.handshake.ok && tls.problem === undefined;
  return line("TLS", isWell ? "good" : "bad", tlsTexts(tls, atMs), paint);
}

function tlsTexts({ handshake, protocol, chain, authority, problem }: TlsExamination, atMs: number): readonly string[] {
  if (!handshake.ok) return [stepText(handshake)];
  const [own] = chain;
  return [
    `${protocol ?? "TLS"} in ${handshake.tookMs} ms`,
    ...(own === undefined ? [] : [`certificate of ${own.subject}, for ${own.names === "" ? "no name" : own.names}`]),
    ...(own === undefined ? [] : [`ends ${dayOf(own.validToMs)}, ${daysText(own.validToMs - atMs)}`]),
    ...(authority === undefined
      ? []
      : [`issued by ${authority.name}${chain.length > 1 ? `, by a chain of ${chain.length}` : ""}`]),
    ...(problem === undefined ? [] : [`refused: ${failureReason(problem)}`]),
  ];
}

function stepText(step: ConnectionStep): string {
  if (step.ok) return `open, in ${step.tookMs} ms`;
  const reason = failureReason(step.code);
  return `${reason}${reason === step.code ? "" : ` (${step.code})`}, after ${step.tookMs} ms`;
}

/** What differs between two machines behind one name. */
function signatureOf({ handshake, chain, problem }: TlsExamination): string {
  return JSON.stringify([handshake.ok, chain[0]?.fingerprint256, problem]);
}

function dayOf(ms: number): string {
  return Number.isFinite(ms) ? new Date(ms).toISOString().slice(0, 10) : "at an unknown time";
}

function daysText(leftMs: number): string {
  const days = Math.floor(Math.abs(leftMs) / dayMs);
  return leftMs < 0 ? `${days} days ago` : `${days} days left`;
}
