import { X509Certificate } from "node:crypto";
import type { SecureContextOptions } from "node:tls";
import { present } from "@rollcall/core";
import type { Command } from "commander";
import { readFlagFile, readSecret } from "../flag-files.js";
import { addText } from "../flags.js";
import { type HttpAddress, parseHttpAddress } from "./http-address.js";

/** The flags of the live page, as commander returns them. */
export interface HttpFlags {
  readonly http?: string;
  readonly httpToken?: string;
  readonly httpTokenFile?: string;
  readonly httpOperatorToken?: string;
  readonly httpOperatorTokenFile?: string;
  readonly httpCert?: string;
  readonly httpKey?: string;
  readonly httpClientCa?: string;
}

/** Where the live page and the metrics are served, and who may read them and act. */
export interface HttpOptions {
  readonly address: HttpAddress;
  /** Without one, every client of the address may read. */
  readonly readerToken?: string;
  /** Without one, no client may act. It may also read. */
  readonly operatorToken?: string;
  readonly tls?: HttpTls;
}

export interface HttpTls {
  readonly cert: Uint8Array;
  readonly key: Uint8Array;
  /** Present: only clients with a certificate of these authorities may connect. */
  readonly clientCa?: Uint8Array;
}

/** As Node's TLS takes it. */
export function contextOf({ cert, key, clientCa }: HttpTls): SecureContextOptions {
  return present({ cert: Buffer.from(cert), key: Buffer.from(key), ca: clientCa && Buffer.from(clientCa) });
}

export function addHttpOptions(command: Command): Command {
  addText(command, "--http <host:port>", "serve the live page, /metrics and /status.json there (default: off)");
  addText(command, "--http-token <token>", "needed to read them; visible to other users: set ROLLCALL_HTTP_TOKEN");
  addText(command, "--http-token-file <file>", "a file that contains only that token");
  addText(command, "--http-operator-token <token>", "needed to act from the page: set ROLLCALL_HTTP_OPERATOR_TOKEN");
  addText(command, "--http-operator-token-file <file>", "a file that contains only that token");
  addText(command, "--http-cert <file>", "PEM of the page's certificate: serve https; needs --http-key");
  addText(command, "--http-key <file>", "PEM of its unencrypted key");
  return addText(command, "--http-client-ca <file>", "PEM of the authorities whose clients may connect");
}

/**
 * What the flags ask for; undefined without `--http`. Each thing that is wrong is one line of `problems`, by the flag's
 * name; no secret is in it.
 *
 * @param flags without empty ones: see `withoutEmpty`
 */
export async function readHttpOptions(flags: HttpFlags, problems: string[]): Promise<HttpOptions | undefined> {
  if (flags.http === undefined) {
    const idle = Object.entries(flagNames).flatMap(([key, name]) => (key in flags ? [name] : []));
    if (idle.length > 0) problems.push(`${idle.join(", ")}: without --http there is nothing that uses it`);
    return undefined;
  }
  const before = problems.length;
  const address = parseHttpAddress(flags.http);
  if (address === undefined) {
    problems.push(`--http = ${JSON.stringify(flags.http)}: must be host:port, such as 127.0.0.1:9464`);
  }
  const readerToken = await readToken("http-token", flags.httpToken, flags.httpTokenFile, problems);
  const operatorToken = await readToken(
    "http-operator-token",
    flags.httpOperatorToken,
    flags.httpOperatorTokenFile,
    problems,
  );
  const tls = await readTls(flags, problems);
  if (problems.length > before || address === undefined) return undefined;

  if (readerToken !== undefined && readerToken === operatorToken) {
    problems.push("--http-token and --http-operator-token must differ: with the first one may read only");
  }
  if (!address.isLoopback && readerToken === undefined && operatorToken === undefined && tls?.clientCa === undefined) {
    problems.push(
      `--http = ${JSON.stringify(flags.http)}: other machines can connect there, so it needs --http-token-file, or ` +
        "--http-cert, --http-key and --http-client-ca; without them it must be on loopback, such as 127.0.0.1:9464",
    );
  }
  return { address, ...present({ readerToken, operatorToken, tls }) };
}

const flagNames = {
  httpToken: "--http-token",
  httpTokenFile: "--http-token-file",
  httpOperatorToken: "--http-operator-token",
  httpOperatorTokenFile: "--http-operator-token-file",
  httpCert: "--http-cert",
  httpKey: "--http-key",
  httpClientCa: "--http-client-ca",
} as const satisfies Record<Exclude<keyof HttpFlags, "http">, string>;

/** A token goes into a header, and must be too long to be guessed. */
const tokenPattern = /^[\x21-\x7e]{16,512}$/;

async function readToken(
  flag: string,
  given: string | undefined,
  fileName: string | undefined,
  problems: string[],
): Promise<string | undefined> {
  const token = await readSecret(flag, given, fileName, problems);
  if (token === undefined || tokenPattern.test(token)) return token;
  const subject = fileName === undefined ? `--${flag}` : `the file of --${flag}-file`;
  problems.push(`${subject} must be 16 to 512 printable ASCII characters without a space`);
  return undefined;
}

async function readTls(flags: HttpFlags, problems: string[]): Promise<HttpTls | undefined> {
  const { httpCert, httpKey, httpClientCa } = flags;
  if (httpCert === undefined && httpKey === undefined) {
    if (httpClientCa !== undefined) problems.push("--http-client-ca needs --http-cert and --http-key");
    return undefined;
  }
  if (httpCert === undefined || httpKey === undefined) {
    problems.push("--http-cert and --http-key must both be given");
    return undefined;
  }
  const cert = await readFlagFile("http-cert", httpCert, problems);
  const key = await readFlagFile("http-key", httpKey, problems);
  const clientCa = await readFlagFile("http-client-ca", httpClientCa, problems);
  if (cert === undefined || key === undefined) return undefined;
  if (!(await fits(cert, key))) {
    problems.push("the files of --http-cert and --http-key must be a certificate in PEM and its unencrypted key");
  }
  if (clientCa !== undefined && !isCertificate(clientCa)) {
    problems.push("the file of --http-client-ca must be certificates in PEM");
  }
  return { cert, key, ...present({ clientCa }) };
}

async function fits(cert: Buffer, key: Buffer): Promise<boolean> {
  const { createSecureContext } = await import("node:tls");
  return succeeds(() => createSecureContext({ cert, key }));
}

function isCertificate(pem: Buffer): boolean {
  return succeeds(() => new X509Certificate(pem));
}

/** What Node says about a wrong key may quote it. */
function succeeds(use: () => unknown): boolean {
  try {
    use();
    return true;
  } catch {
    return false;
  }
}
