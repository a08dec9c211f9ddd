import { resolve } from "node:path";
import { present } from "@rollcall/core";
import type { TlsOptions } from "@rollcall/core/config";
import type { Command } from "commander";
import { readFlagFile, readSecret, regularFile } from "./flag-files.js";
import { addList, addText, numberIfDigits } from "./flags.js";
import { rereadableAuthority, rereadablePair } from "./rereadable-pem.js";

/** How a cluster is reached, as commander returns it: texts from the arguments or the environment. */
export interface ClusterFlags {
  readonly username?: string;
  readonly password?: string;
  readonly passwordFile?: string;
  readonly apiKey?: string;
  readonly apiKeyFile?: string;
  readonly bearer?: string;
  readonly bearerFile?: string;
  readonly sign?: string;
  readonly ca?: string;
  readonly caFingerprint?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly serverName?: string;
  readonly proxy?: string;
  readonly addressMap?: readonly string[];
  readonly allow?: readonly string[];
  readonly allowPort?: readonly string[];
  readonly clusterUuid?: string;
}

export function addClusterFlags(command: Command): Command {
  addText(command, "--username <name>", "user name");
  addText(command, "--password <password>", "visible to other users: set ROLLCALL_PASSWORD instead");
  addText(command, "--password-file <file>", "a file that contains only the password");
  addText(command, "--api-key <key>", "the encoded key, instead of a user");
  addText(command, "--api-key-file <file>", "a file that contains only the key");
  addText(command, "--bearer <token>", "a token, instead of a user");
  addText(command, "--bearer-file <file>", "a file that contains only the token");
  addText(command, "--sign <file>", "a module whose default export signs each request, instead of a credential");
  addText(command, "--ca <file>", "PEM of the authorities to trust, instead of Node's own");
  addText(command, "--ca-fingerprint <hex>", "SHA-256 of the authority to trust");
  addText(command, "--cert <file>", "PEM of the client certificate; needs --key");
  addText(command, "--key <file>", "PEM of its unencrypted key");
  addText(command, "--server-name <name>", "the name expected in the certificate");
  addText(command, "--proxy <url>", "http(s) proxy for all connections; with a password, set ROLLCALL_PROXY instead");
  addList(command, "--address-map <from=to>", "connect to TO where the cluster publishes FROM");
  addList(command, "--allow <host>", "host, .suffix or CIDR range that may be sent credentials");
  addList(command, "--allow-port <port>", "use listed nodes on this port only");
  return addText(command, "--cluster-uuid <uuid>", "the one cluster to accept");
}

/** The options of a cluster that the flags stand for. Only what is specific to flags has been checked. */
export interface ClusterFlagOptions {
  readonly auth?: Readonly<Record<string, string | undefined>>;
  readonly sign?: string;
  readonly tls?: TlsOptions;
  readonly proxy?: string;
  readonly discovery: {
    readonly addressMap: Readonly<Record<string, string>>;
    readonly clusterUuid?: string | undefined;
    readonly allow?: Readonly<Record<"hosts" | "ports", readonly (string | number)[] | undefined>>;
  };
}

/** @param flags without empty ones: see `withoutEmpty` */
export async function readClusterFlags(flags: ClusterFlags, problems: string[]): Promise<ClusterFlagOptions> {
  const addressMap = readAddressMap(flags.addressMap ?? [], problems);
  const tls = {
    ...(await readPem({ ca: flags.ca, cert: flags.cert, key: flags.key }, problems)),
    caFingerprint: flags.caFingerprint,
    serverName: flags.serverName,
  };
  const password = await readSecret("password", flags.password, flags.passwordFile, problems);
  const apiKey = await readSecret("api-key", flags.apiKey, flags.apiKeyFile, problems);
  const bearer = await readSecret("bearer", flags.bearer, flags.bearerFile, problems);
  // A file is read again when it changes; what came by a pipe cannot be.
  const [passwordFile, apiKeyFile, bearerFile] = await Promise.all(
    [flags.passwordFile, flags.apiKeyFile, flags.bearerFile].map((name) => name && regularFile(name)),
  );
  const auth = {
    username: flags.username,
    ...(passwordFile ? { passwordFile } : { password }),
    ...(apiKeyFile ? { apiKeyFile } : { apiKey }),
    ...(bearerFile ? { bearerFile } : { bearer }),
  };
  return {
    ...(isAnyGiven(auth) ? { auth } : {}),
    ...(flags.sign === undefined ? {} : { sign: resolve(flags.sign) }),
    ...(isAnyGiven(tls) ? { tls } : {}),
    ...(flags.proxy === undefined ? {} : { proxy: flags.proxy }),
    discovery: {
      addressMap,
      clusterUuid: flags.clusterUuid,
      ...(flags.allow === undefined && flags.allowPort === undefined
        ? {}
        : { allow: { hosts: flags.allow, ports: flags.allowPort?.map(numberIfDigits) } }),
    },
  };
}

function isAnyGiven(options: Readonly<Record<string, unknown>>): boolean {
  return Object.values(options).some((value) => value !== undefined);
}

function readAddressMap(entries: readonly string[], problems: string[]): Readonly<Record<string, string>> {
  const map = new Map<string, string>();
  for (const [index, entry] of entries.entries()) {
    const equals = entry.indexOf("=");
    const [from, to] = [entry.slice(0, Math.max(equals, 0)), entry.slice(equals + 1)];
    if (from === "" || to === "") problems.push(`--address-map ${index + 1} must be FROM=TO, each host:port or host`);
    else if (map.has(from)) problems.push(`--address-map ${index + 1} maps an address that was mapped before`);
    else map.set(from, to);
  }
  return Object.fromEntries(map);
}

type FileNames = Readonly<Record<"ca" | "cert" | "key", string | undefined>>;

type PemOptions = Pick<TlsOptions, "ca" | "cert" | "key" | "caFile" | "certFile" | "keyFile">;

/** A file that is read again when it is renewed, where that can be: see `rereadable-pem`. Otherwise what it holds. */
async function readPem(names: FileNames, problems: string[]): Promise<PemOptions> {
  const ca = await readFlagFile("ca", names.ca, problems);
  const [cert, key] = [
    await readFlagFile("cert", names.cert, problems),
    await readFlagFile("key", names.key, problems),
  ];
  // If one of the pair could not be read, a problem with the other would mislead.
  const isHalfRead =
    (cert === undefined) !== (names.cert === undefined) || (key === undefined) !== (names.key === undefined);
  const caFile = await rereadableAuthority(names.ca, ca);
  const files = await rereadablePair(names, cert, key);
  const pair = files ?? (isHalfRead ? {} : present({ cert, key }));
  return { ...(caFile === undefined ? present({ ca }) : { caFile }), ...pair };
}
