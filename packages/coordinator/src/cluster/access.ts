import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import {
  Listeners,
  type Logger,
  messageOf,
  present,
  RollcallError,
  rollcallVersion,
  type Timers,
  withDeadline,
} from "@rollcall/core";
import {
  authorizationHeader,
  type CompiledHostPolicy,
  chooseCredential,
  chooseScheme,
  chooseTls,
  fallbackFor,
  type HostPolicyInput,
  isPlainHeader,
  isSameHost,
  judgeAddress,
  judgeHost,
  seedAt,
} from "@rollcall/core/access";
import {
  type Auth,
  type AuthProvider,
  type ClusterConfig,
  parseAuth,
  type Seed,
  type TlsConfig,
} from "@rollcall/core/config";
import { createHostPolicy } from "@rollcall/core/policy";
import { addressOf, type NodeRecord } from "@rollcall/core/view";
import { WarnOnce } from "../warn-once.js";
import type { Endpoint } from "./endpoint.js";

/** A configured node and what its name resolves to now. */
export type ResolvedSeed = Seed & { readonly addresses: readonly string[] };

/** How to reach a node, or why this configuration does not allow it. */
export type Reach =
  | { readonly kind: "endpoint"; readonly endpoint: Endpoint }
  | { readonly kind: "refused"; readonly reason: string };

/** A function that gives the credential is called again after this time, and at once after a 401 … */
const credentialMaxAgeMs = 30_000;
/** … but no more often than this. */
const credentialMinAgeMs = 1_000;
/** A function that takes longer has failed; its later answer is ignored. */
const credentialWithinMs = 30_000;

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
  private defaultAuth: Auth | undefined;
  private calledAtMs = Number.NEGATIVE_INFINITY;
  private calling: Promise<void> | undefined;
  private resolving: Promise<void> | undefined;
  /** Every name was looked up at least once, found or not. */
  private namesAreKnown: boolean;
  private suffixesAreKnown: boolean;
  private parentDomain: HostPolicyInput["parentDomain"];
  private requestsHaveCredentials = false;
  private closed = false;
  private readonly warnings: WarnOnce;
  private cancelRefresh = () => {};
  private readonly changes = new Listeners<void>();

  constructor(
    private readonly config: ClusterConfig,
    private readonly timers: Timers,
    logger: Logger,
  ) {
    this.warnings = new WarnOnce(logger);
    this.resolved = config.seeds.map((seed) => ({ ...seed, addresses: isIP(seed.host) === 0 ? [] : [seed.host] }));
    // A proxy looks names up itself, perhaps where this machine cannot.
    this.namesAreKnown = config.proxy !== undefined || config.seeds.every(({ host }) => isIP(host) !== 0);
    this.suffixesAreKnown =
      !this.hasCredentials || config.seeds.every(({ host }) => isIP(host) !== 0 || !host.includes("."));
    this.policy = this.compilePolicy();
    this.headers = { ...ownHeaders, ...config.headers };
    if (typeof config.defaultAuth === "object") this.defaultAuth = config.defaultAuth;
  }

  get seeds(): readonly ResolvedSeed[] {
    return this.resolved;
  }

  /** Whether a refusal is final: no name, no public suffix and no credential is pending. */
  get isSettled(): boolean {
    const isAuthKnown = typeof this.config.defaultAuth !== "function" || this.defaultAuth !== undefined;
    return this.namesAreKnown && this.suffixesAreKnown && isAuthKnown;
  }

  /**
   * Looks up the seeds' names, loads the public suffixes, and calls the function that gives the credential: each if it is
   * needed. Never rejects.
   */
  async start(): Promise<void> {
    await Promise.all([this.resolveSeeds(), this.loadSuffixes(), this.refreshCredential()]);
  }

  close(): void {
    this.closed = true;
    this.cancelRefresh();
  }

  /** Calls `listener` at each change, until what it returns is called. */
  onChange(listener: () => void): () => void {
    return this.changes.add(listener);
  }

  /** How to reach a node of the view. */
  reach(node: Pick<NodeRecord, "host" | "port" | "ip" | "tls">): Reach {
    const seed = seedAt(node, this.config.seeds);
    const scheme = chooseScheme(node, this.config.seeds);
    const credential = chooseCredential(node, this.config.seeds, this.config.defaultAuth);
    if (credential.kind === "refused") return credential;

    if (seed === undefined) {
      const destination = { host: node.host, port: node.port, scheme };
      const verdict =
        isIP(node.host) === 0
          ? judgeHost(this.policy, destination)
          : judgeAddress(this.policy, { ...destination, address: node.host });
      if (verdict.verdict === "refused") return { kind: "refused", reason: verdict.reason };
      if (verdict.verdict === "allowed-if-address" && this.config.proxy !== undefined) {
        return { kind: "refused", reason: unknownBehindProxy(node.host, scheme) };
      }
    }

    const auth = credential.kind === "seed" ? credential.seed.auth : this.defaultAuth;
    if (credential.kind === "default" && auth === undefined) {
      return { kind: "refused", reason: "the function given as `auth` has not answered yet" };
    }
    const address = addressOf(node);
    const { proxy } = this.config;
    // As configured: a final dot there says how the name is to be looked up.
    const host = seed?.host ?? node.host;
    const fallback = fallbackFor(this.policy, { host, port: node.port, scheme }, node.ip);
    return {
      kind: "endpoint",
      endpoint: {
        address,
        host,
        port: node.port,
        scheme,
        origin: `${scheme}://${address}`,
        pathPrefix: seed?.pathPrefix ?? "",
        headers:
          credential.kind === "none" || auth === undefined
            ? this.headers
            : { ...this.headers, authorization: authorizationHeader(auth) },
        tls: chooseTls(node, this.config.seeds, this.config.tls) ?? noTls,
        ...present({ proxy, lastAddresses: this.lastAddressesOf(host), fallbackAddress: fallback }),
        policy: this.policy,
      },
    };
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
    const resolved = await Promise.all(this.resolved.map(resolveSeed));
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

  /** A node answered 401: the credential may have changed. Has an effect only where a function gives it. */
  credentialRefused(): void {
    void this.refreshCredential();
  }

  private refreshCredential(): Promise<void> {
    const { defaultAuth } = this.config;
    if (typeof defaultAuth !== "function" || this.closed) return Promise.resolve();
    if (this.calling !== undefined) return this.calling;
    if (this.timers.nowMs() - this.calledAtMs < credentialMinAgeMs) return Promise.resolve();
    this.calledAtMs = this.timers.nowMs();
    this.calling = this.callProvider(defaultAuth).finally(() => {
      this.calling = undefined;
      if (this.closed) return;
      this.cancelRefresh();
      const againMs = this.defaultAuth === undefined ? credentialMinAgeMs : credentialMaxAgeMs;
      this.cancelRefresh = this.timers.after(againMs, () => void this.refreshCredential());
    });
    return this.calling;
  }

  private async callProvider(provider: AuthProvider): Promise<void> {
    const given = await this.givenBy(provider);
    if (this.closed) return;
    const { auth, problem } = given.ok ? readCredential(given.value) : { auth: undefined, problem: given.problem };
    if (auth === undefined) {
      this.warnings.warn(
        "auth",
        "auth.failed",
        { option: "auth", problem },
        this.defaultAuth === undefined
          ? `the function given as \`auth\` failed (${problem}); requests wait for it`
          : `the function given as \`auth\` failed (${problem}); the credential it gave before stays in use`,
        problem,
      );
      return;
    }
    this.warnings.clear("auth");
    if (this.defaultAuth !== undefined && authorizationHeader(this.defaultAuth) === authorizationHeader(auth)) return;
    this.defaultAuth = auth;
    this.changes.emit();
  }

  /** What the function gave. What it threw is not shown: code that handles secrets made it. */
  private givenBy(provider: AuthProvider): Promise<Given> {
    const given = async (): Promise<Given> => ({ ok: true, value: await provider() });
    const threw = (): Given => ({ ok: false, problem: "it threw" });
    const late = (): Given => ({ ok: false, problem: `no answer within ${credentialWithinMs} ms` });
    return withDeadline(given().catch(threw), credentialWithinMs, this.timers, late);
  }

  private compilePolicy(): CompiledHostPolicy {
    const { config } = this;
    const allow = config.discovery === false ? undefined : config.discovery.allow;
    return createHostPolicy({
      seeds: this.resolved,
      ...present({ allow, parentDomain: this.parentDomain }),
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

type Given = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly problem: string };

function readCredential(value: unknown): { readonly auth?: Auth; readonly problem?: string } {
  try {
    return { auth: parseAuth(value) };
  } catch (error) {
    // Our own message names options and nothing else.
    return { problem: error instanceof RollcallError ? error.message : "it gave no credential" };
  }
}

async function resolveSeed(seed: ResolvedSeed): Promise<ResolvedSeed> {
  if (isIP(seed.host) !== 0) return seed;
  try {
    const found = await lookup(seed.host, { all: true });
    return { ...seed, addresses: found.map(({ address }) => address).sort() };
  } catch {
    return seed;
  }
}
