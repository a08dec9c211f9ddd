import { readFile } from "node:fs/promises";
import { RollcallError } from "@rollcall/core";
import { bounds, type ClusterConfig, fixed, parseClusterConfig } from "@rollcall/core/config";
import { type Command, Option } from "commander";
import { inCommandLineWords } from "./option-names.js";
import type { SurveyTimeouts } from "./survey.js";

/** What commander hands over: texts as they were typed, or found in the environment. */
export interface SniffFlags {
  readonly username?: string;
  readonly password?: string;
  readonly apiKey?: string;
  readonly bearer?: string;
  readonly ca?: string;
  readonly caFingerprint?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly serverName?: string;
  readonly addressMap?: readonly string[];
  readonly allow?: readonly string[];
  readonly allowPort?: readonly string[];
  readonly clusterUuid?: string;
  readonly timeout?: string;
  readonly json?: true;
  readonly color: boolean;
}

export interface SniffRequest {
  readonly config: ClusterConfig;
  readonly timeouts: SurveyTimeouts;
}

/** Each option that takes a value can be given as `ROLLCALL_…` in the environment too. */
export function addSniffOptions(command: Command): Command {
  const text = (flags: string, description: string) => command.addOption(inEnvironment(new Option(flags, description)));
  const list = (flags: string, description: string) =>
    command.addOption(inEnvironment(new Option(flags, `${description}; repeatable`).argParser(collect)));

  text("--username <name>", "who to log in as");
  text("--password <password>", "others can see arguments: rather set ROLLCALL_PASSWORD");
  text("--api-key <key>", "the encoded key, instead of a user");
  text("--bearer <token>", "a token, instead of a user");
  text("--ca <file>", "PEM of the authorities to trust, instead of Node's own");
  text("--ca-fingerprint <hex>", "SHA-256 of the authority to trust");
  text("--cert <file>", "PEM of our own certificate; needs --key");
  text("--key <file>", "PEM of its unencrypted key");
  text("--server-name <name>", "the name expected in the certificate");
  list("--address-map <from=to>", "connect to TO where the cluster publishes FROM");
  list("--allow <host>", "host, .suffix or CIDR range that may be sent credentials");
  list("--allow-port <port>", "use listed nodes on this port only");
  text("--cluster-uuid <uuid>", "the one cluster to accept");
  text("--timeout <ms>", `for each question (default: as a pool, ${ownTimeouts})`);
  command.option("--json", "write JSON, for scripts");
  return command.option("--no-color", "write no colours; NO_COLOR=1 does the same");
}

function inEnvironment(option: Option): Option {
  return option.env(`ROLLCALL_${option.name().replaceAll("-", "_").toUpperCase()}`);
}

const ownTimeouts = `${fixed.probeTimeoutMaxMs} for GET /, ${fixed.sniffTimeoutMs} for the list`;

/** One variable of the environment holds the whole list. */
function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, ...text.split(/[\s,]+/).filter((part) => part !== "")];
}

/** @throws {RollcallError} `CONFIG` with one problem a line, in the words of the command line; no secret is in it */
export async function readSniffRequest(urls: readonly string[], given: SniffFlags): Promise<SniffRequest> {
  const flags = withoutEmpty(given);
  const problems: string[] = [];
  const timeouts = readTimeouts(flags.timeout, problems);
  const addressMap = readAddressMap(flags.addressMap ?? [], problems);
  const tls = {
    ...(await readFiles({ ca: flags.ca, cert: flags.cert, key: flags.key }, problems)),
    caFingerprint: flags.caFingerprint,
    serverName: flags.serverName,
  };
  const auth = {
    username: flags.username,
    password: flags.password,
    apiKey: flags.apiKey,
    bearer: flags.bearer,
  };
  const options = {
    nodes: urls,
    ...(isAnyGiven(auth) ? { auth } : {}),
    ...(isAnyGiven(tls) ? { tls } : {}),
    discovery: {
      addressMap,
      clusterUuid: flags.clusterUuid,
      ...(flags.allow === undefined && flags.allowPort === undefined
        ? {}
        : { allow: { hosts: flags.allow, ports: flags.allowPort?.map(numberIfDigits) } }),
    },
    logger: false,
  };
  const config = parseInto(problems, options);
  if (config === undefined || problems.length > 0) throw new RollcallError("CONFIG", problems.join("\n"));
  return { config, timeouts };
}

/** A variable that is set to nothing is not set. */
function withoutEmpty(flags: SniffFlags): Partial<SniffFlags> {
  const given = Object.entries(flags).filter(
    ([, value]) => value !== "" && !(Array.isArray(value) && value.length === 0),
  );
  return Object.fromEntries(given) as Partial<SniffFlags>;
}

function isAnyGiven(options: Readonly<Record<string, unknown>>): boolean {
  return Object.values(options).some((value) => value !== undefined);
}

function parseInto(problems: string[], options: unknown): ClusterConfig | undefined {
  try {
    return parseClusterConfig(options);
  } catch (error) {
    if (!(error instanceof RollcallError)) throw error;
    problems.push(...error.message.split("\n").map(inCommandLineWords));
    return undefined;
  }
}

function readTimeouts(text: string | undefined, problems: string[]): SurveyTimeouts {
  const { connectTimeoutMs: connectMs, probeTimeoutMaxMs: probeMs, sniffTimeoutMs: listMs } = fixed;
  if (text === undefined) return { connectMs, probeMs, listMs };
  const { min, max } = bounds.timeoutMs;
  const timeoutMs = numberIfDigits(text);
  if (typeof timeoutMs !== "number" || timeoutMs < min || timeoutMs > max) {
    problems.push(`--timeout must be a whole number of milliseconds from ${min} to ${max}`);
    return { connectMs, probeMs, listMs };
  }
  return { connectMs: timeoutMs, probeMs: timeoutMs, listMs: timeoutMs };
}

function numberIfDigits(text: string): number | string {
  return /^\d+$/.test(text) ? Number(text) : text;
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

async function readFiles(names: FileNames, problems: string[]): Promise<Partial<Record<keyof FileNames, Uint8Array>>> {
  const read = async (flag: keyof FileNames): Promise<Uint8Array | undefined> => {
    const name = names[flag];
    if (name === undefined) return undefined;
    try {
      return await readFile(name);
    } catch (error) {
      problems.push(`--${flag}: cannot read the file ${JSON.stringify(name)}: ${errorCode(error)}`);
      return undefined;
    }
  };
  const ca = await read("ca");
  const [cert, key] = [await read("cert"), await read("key")];
  // Of a pair that could not be read whole, a problem with the other half would only mislead.
  const isHalfRead =
    (cert === undefined) !== (names.cert === undefined) || (key === undefined) !== (names.key === undefined);
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined || isHalfRead ? {} : { cert }),
    ...(key === undefined || isHalfRead ? {} : { key }),
  };
}

function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "unknown failure";
}
