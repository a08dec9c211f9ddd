import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { Listeners, type Logger, messageOf, present, type Random, rollcallVersion, type Timers } from "@rollcall/core";
import {
  type CompiledHostPolicy,
  chooseCredential,
  chooseScheme,
  chooseTls,
  fallbackFor,
  type HostPolicyInput,
  isPlainHeader,
  isProven,
  isSameHost,
  isUnverified,
  judgeAddress,
  judgeHost,
  plainName,
  securityOf,
  seedAt,
} from "@rollcall/core/access";
import type { ClusterConfig, Seed, TlsConfig } from "@rollcall/core/config";
import { createHostPolicy } from "@rollcall/core/policy";
import { addressOf, type NodeRecord } from "@rollcall/core/view";
import { wallNowMs } from "../system-timers.js";
import { WarnOnce } from "../warn-once.js";
import { ClusterCredentials } from "./cluster-credentials.js";
import type { Endpoint } from "./endpoint.js";
import type { RenewedCredential } from "./renewed-credential.js";
import { TlsFiles } from "./tls-files.js";

/** A configured node and what its name resolves to now. */
export type ResolvedSeed = Seed & { readonly addresses: readonly string[] };

/** How to reach a node, or why this configuration does not allow it. */
export type Reach =
  | { readonly kind: "endpoint"; readonly endpoint: Endpoint }
  | { readonly kind: "refused"; readonly reason: string };

const noTls: TlsConfig = {};

const ownHeaders = {
  /** Nothing is decompressed here, so nothing is asked for compressed. */
  "accept-encoding": "identity",
  "user-agent": `rollcall/${rollcallVersion} (node ${process.versions.node}; ${process.platform} ${process.arch})`,
};

/**
 * Turns a node of the view into an {@link Endpoint}, with nothing but the local configuration: its scheme, its path,
 * its TLS settings, its own credential, and whether the host policy lets it have one.
 *
 * Listeners are called each time an endpoint that was handed out may have become out of date.
 */
export class ClusterAccess {
  private resolved: readonly ResolvedSeed[];
  private policy: CompiledHostPolicy;
  /** Those of every request: the pool's own, and the configured ones. */
  private readonly headers: Readonly<Record<string, string>>;
  private readonly credentials: ClusterCredentials;
  /** Of the endpoints that were handed out with it. */
  private readonly renewedOf = new WeakMap<Endpoint, RenewedCredential>();
  private readonly tls: TlsFiles;
  private resolving: Promise<void> | undefined;
  /** Every name was looked up at least once, found or not. */
  private namesAreKnown: boolean;
  private suffixesAreKnown: boolean;
  private parentDomain: HostPolicyInput["parentDomain"];
  private requestsHaveCredentials = false;
  private closed = false;
  private readonly warnings: WarnOnce;
  private readonly changes = new Listeners<void>();

  /**
   * @param clock the wall clock, and chance, for credentials that expire
   * @throws {RollcallError} `CONFIG` if a file of a credential or of `tls` cannot be used
   */
  constructor(
    private readonly config: ClusterConfig,
    timers: Timers,
    logger: Logger,
    clock: { readonly wallNowMs: () => number; readonly random: Random } = { wallNowMs, random: Math.random },
  ) {
    this.warnings = new WarnOnce(logger);
    this.credentials = new ClusterCredentials(config, { ...clock, timers, logger, warnings: this.warnings });
    this.tls = new TlsFiles(config, timers, logger);
    for (const renewed of [this.credentials, this.tls]) {
      renewed.onChange(() => {
        if (!this.closed) this.changes.emit();
      });
    }
    this.resolved = config.seeds.map((seed) => ({ ...seed, addresses: isIP(seed.host) === 0 ? [] : [seed.host] }));
    // A proxy looks names up itself, perhaps where this machine cannot.
    this.namesAreKnown = config.proxy !== undefined || config.seeds.every(({ host }) => isIP(host) !== 0);
    this.suffixesAreKnown =
      !this.hasCredentials || config.seeds.every(({ host }) => isIP(host) !== 0 || !host.includes("."));
    this.policy = this.compilePolicy();
    this.headers = { ...ownHeaders, ...config.headers };
  }

  get seeds(): readonly ResolvedSeed[] {
    return this.resolved;
  }

  /** Whether a refusal is final: no name, no public suffix and no credential is pending. */
  get isSettled(): boolean {
    return this.namesAreKnown && this.suffixesAreKnown && this.credentials.areKnown;
  }

  /**
   * Looks up the seeds' names, loads the public suffixes, and calls the functions that give credentials: each if it is
   * needed. Warns if certificates are not verified. Never rejects.
   */
  async start(): Promise<void> {
    this.tls.start();
    this.warnOfUnverified();
    await Promise.all([this.resolveSeeds(), this.loadSuffixes(), this.credentials.start()]);
  }

  private warnOfUnverified(): void {
    const { seeds, tls } = this.config;
    const own = seeds.filter((seed) => isUnverified(seed.tls)).map(addressOf);
    if (!isUnverified(tls) && own.length === 0) return;
    const nodes = isUnverified(tls) ? ["all nodes without `tls` of their own", ...own] : own;
    const danger = "any machine on the way can answer in their place, and read credentials and data";
    const text = `certificates are not verified (\`tls.unsafeSkipVerification\`) of ${nodes.join(", ")}: ${danger}`;
    this.warnings.warn("unverified", "tls.unverified", { nodes }, text);
  }

  close(): void {
    this.closed = true;
    this.credentials.close();
    this.tls.close();
  }

  /** Calls `listener` at each change, until what it returns is called. */
  onChange(listener: () => void): () => void {
    return this.changes.add(listener);
  }

  /** How to reach a node of the view. */
  reach(given: Pick<NodeRecord, "host" | "port" | "ip" | "tls" | "dnsName">): Reach {
    // One that was looked up is the configured node of that name, at one of its addresses.
    const named = given.dnsName === undefined ? undefined : { host: given.dnsName, port: given.port };
    const lookedUp = named && seedAt(named, this.config.seeds);
    const node = lookedUp === undefined ? given : { ...given, host: lookedUp.host };
    const seed = seedAt(node, this.config.seeds);
    const scheme = chooseScheme(node, this.config.seeds);
    const tls = chooseTls(node, this.config.seeds, this.config.tls) ?? noTls;
    const security = securityOf(scheme, tls);
    const credential = chooseCredential(node, this.config.seeds, this.config.defaultAuth);
    if (credential.kind === "refused") return credential;

    if (lookedUp !== undefined && !this.leadsTo(lookedUp, given.host)) {
      const reason = `${given.host} is listed for ${lookedUp.host}, which has no such address here`;
      return { kind: "refused", reason: `${reason}; if it is yours, add it to \`discovery.allow.hosts\`` };
    }
    if (seed === undefined) {
      const destination = { host: node.host, port: node.port, ...security };
      const verdict =
        isIP(node.host) === 0
          ? judgeHost(this.policy, destination)
          : judgeAddress(this.policy, { ...destination, address: node.host });
      if (verdict.verdict === "refused") return { kind: "refused", reason: verdict.reason };
      if (verdict.verdict === "allowed-if-address" && this.config.proxy !== undefined) {
        return { kind: "refused", reason: unknownBehindProxy(node.host, scheme) };
      }
    }

    const auth = this.credentials.of(credential);
    const header = auth.kind === "renewed" ? auth.credential.header : auth.kind === "fixed" ? auth.header : undefined;
    if (auth.kind === "renewed" && header === undefined) {
      return { kind: "refused", reason: "the function given as `auth` has not answered yet" };
    }
    const { proxy } = this.config;
    // As configured: a final dot there says how the name is to be looked up.
    const host = seed?.host ?? node.host;
    const fallback = fallbackFor(this.policy, { host, port: node.port, ...security }, node.ip);
    const endpoint: Endpoint = {
      address: addressOf(given),
      host,
      port: node.port,
      scheme,
      origin: `${scheme}://${addressOf(node)}`,
      pathPrefix: seed?.pathPrefix ?? "",
      headers: header === undefined ? this.headers : { ...this.headers, authorization: header },
      tls: this.tls.of(tls),
      ...(auth.kind === "renewed" ? { renewable: true } : {}),
      ...present({ proxy, lastAddresses: this.lastAddressesOf(host), fallbackAddress: fallback }),
      ...(lookedUp === undefined ? {} : { onlyAddress: given.host }),
      policy: this.policy,
    };
    if (auth.kind === "renewed") this.renewedOf.set(endpoint, auth.credential);
    return { kind: "endpoint", endpoint };
  }

  /**
   * Whether a configured name may be dialled at that address, which a view gives. A certificate that is verified proves it.
   * Otherwise nothing does: it must be an address that the name has here, or one that is allowed for itself.
   */
  private leadsTo({ scheme, host, port, tls = this.config.tls }: Seed, address: string): boolean {
    const security = securityOf(scheme, tls);
    if (isProven(security) || this.lastAddressesOf(host)?.includes(address) === true) return true;
    return judgeAddress(this.policy, { host: address, port, ...security, address }).verdict === "allowed";
  }

  private lastAddressesOf(host: string): readonly string[] | undefined {
    if (isIP(host) !== 0) return undefined;
    return this.resolved.find((seed) => isSameHost(seed.host, host))?.addresses;
  }

  /** Looks up the names of the configured nodes again. A name that does not resolve keeps what it resolved to last. */
  resolveSeeds(): Promise<void> {
    if (this.config.proxy !== undefined) return Promise.resolve();
    // One at a time: lookups that hang delay all other lookups and file reads of the process.
    this.resolving ??= this.lookUpSeeds().finally(() => {
      this.resolving = undefined;
    });
    return this.resolving;
  }

  private async lookUpSeeds(): Promise<void> {
    const found = await Promise.all(this.config.seeds.map(addressesOf));
    this.noteAddresses(new Map(found.filter((one) => one !== undefined)));
  }

  /** What was just found for configured names, without their final dots. The others keep their addresses. */
  noteAddresses(byName: ReadonlyMap<string, readonly string[]>): void {
    const resolved = this.resolved.map((seed) => {
      const addresses = byName.get(plainName(seed.host));
      return addresses === undefined ? seed : { ...seed, addresses: [...addresses].sort() };
    });
    this.takeAddresses(resolved);
  }

  private takeAddresses(resolved: readonly ResolvedSeed[]): void {
    const before = JSON.stringify(this.resolved.map(({ addresses }) => addresses));
    if (this.closed) return;
    this.resolved = resolved;
    const wereKnown = this.namesAreKnown;
    this.namesAreKnown = true;
    if (wereKnown && JSON.stringify(resolved.map(({ addresses }) => addresses)) === before) return;
    this.policy = this.compilePolicy();
    this.changes.emit();
  }

  /** They decide which names beside the configured ones may get a credential, and take a while to load. */
  private async loadSuffixes(): Promise<void> {
    if (this.suffixesAreKnown) return;
    try {
      const { parentDomain } = await import("@rollcall/core/suffixes");
      this.parentDomain = parentDomain;
    } catch (error) {
      const problem = messageOf(error);
      const text = `the public suffixes cannot be loaded: ${problem}`;
      this.warnings.warn("suffixes", "suffixes.unavailable", { problem }, text);
    }
    this.suffixesAreKnown = true;
    if (this.closed) return;
    this.policy = this.compilePolicy();
    this.changes.emit();
  }

  /**
   * A request is about to bring a credential of its own: from now on, and for listeners before this returns, only nodes
   * that may be sent credentials are used.
   */
  protectCredentials(): void {
    if (this.hasCredentials || this.closed) return;
    this.requestsHaveCredentials = true;
    this.policy = this.compilePolicy();
    this.changes.emit();
    void this.loadSuffixes();
  }

  /**
   * A node answered 401 at this endpoint, which {@link reach} has returned. Resolves once its credential is another, with
   * listeners called before, or with that none is to be had for now: with the endpoint as it is then. Undefined: its
   * credential is the same, and the 401 is the answer. Never rejects.
   */
  async renewed(endpoint: Endpoint): Promise<Endpoint | undefined> {
    const credential = this.renewedOf.get(endpoint);
    if (credential === undefined || this.closed) return undefined;
    const { authorization: refused } = endpoint.headers;
    if (credential.header === refused) await credential.renew();
    const { header } = credential;
    if (this.closed || header === undefined || header === refused) return undefined;
    const renewed = { ...endpoint, headers: { ...endpoint.headers, authorization: header } };
    this.renewedOf.set(renewed, credential);
    return renewed;
  }

  private compilePolicy(): CompiledHostPolicy {
    const { config } = this;
    const allow = config.discovery === false ? undefined : config.discovery.allow;
    return createHostPolicy({
      seeds: this.resolved,
      ...present({ allow, parentDomain: this.parentDomain, defaultTls: config.tls }),
      hasCredentials: this.hasCredentials,
    });
  }

  private get hasCredentials(): boolean {
    const { defaultAuth, sign, seeds, headers } = this.config;
    return (
      this.requestsHaveCredentials ||
      defaultAuth !== undefined ||
      sign !== undefined ||
      seeds.some(({ auth }) => auth !== undefined) ||
      !Object.keys(headers).every(isPlainHeader)
    );
  }
}

function unknownBehindProxy(host: string, scheme: string): string {
  const why = "the proxy looks its name up, so that its address cannot be judged";
  return `${host} may not be sent credentials over ${scheme}: ${why}; if it is yours, add it to \`discovery.allow.hosts\``;
}

/** Undefined where the name does not resolve. */
async function addressesOf({ host }: Seed): Promise<readonly [string, readonly string[]] | undefined> {
  if (isIP(host) !== 0) return [host, [host]];
  try {
    const found = await lookup(host, { all: true });
    return [plainName(host), found.map(({ address }) => address)];
  } catch {
    return undefined;
  }
}
