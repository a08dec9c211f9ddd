import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { type Logger, RollcallError, type Timers } from "@rollcall/core";
import {
  authorizationHeader,
  type CompiledHostPolicy,
  chooseCredential,
  chooseScheme,
  chooseTls,
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
import type { Endpoint } from "./endpoint.js";

/** A configured node and what its name resolves to just now. */
export type ResolvedSeed = Seed & { readonly addresses: readonly string[] };

/** How to reach a node, or why it may not be reached. */
export type Reach =
  | { readonly kind: "endpoint"; readonly endpoint: Endpoint }
  | { readonly kind: "refused"; readonly reason: string };

/** A credential from a function is asked for again after this time, and at once after a 401. */
const credentialMaxAgeMs = 30_000;
/** But never more often than this. */
const credentialMinAgeMs = 1_000;

const noTls: TlsConfig = {};

/**
 * Turns a node of the view into an {@link Endpoint}, with nothing but the local configuration: its scheme, its path, its
 * TLS settings, its own credential, and whether the host policy lets it have one.
 *
 * `changed` is called whenever an endpoint handed out earlier may be out of date.
 */
export class ClusterAccess {
  private resolved: readonly ResolvedSeed[];
  private policy: CompiledHostPolicy;
  private defaultAuth: Auth | undefined;
  private askedAtMs = Number.NEGATIVE_INFINITY;
  private asking: Promise<void> | undefined;
  private cancelRefresh = () => {};
  private readonly listeners = new Set<() => void>();

  constructor(
    private readonly config: ClusterConfig,
    private readonly timers: Timers,
    private readonly logger: Logger,
  ) {
    this.resolved = config.seeds.map((seed) => ({ ...seed, addresses: isIP(seed.host) === 0 ? [] : [seed.host] }));
    this.policy = this.compilePolicy();
    if (typeof config.defaultAuth === "object") this.defaultAuth = config.defaultAuth;
  }

  get seeds(): readonly ResolvedSeed[] {
    return this.resolved;
  }

  /** Looks up the seeds' names and asks for the credential, if a function gives it. Never fails. */
  async start(): Promise<void> {
    await Promise.all([this.resolveSeeds(), this.refreshCredential()]);
  }

  close(): void {
    this.cancelRefresh();
    this.listeners.clear();
  }

  onChange(listener: () => void): void {
    this.listeners.add(listener);
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
    }

    const auth = credential.kind === "seed" ? credential.seed.auth : this.defaultAuth;
    if (credential.kind === "default" && auth === undefined) {
      return { kind: "refused", reason: "the function given as `auth` has not answered yet" };
    }
    const address = addressOf(node);
    return {
      kind: "endpoint",
      endpoint: {
        address,
        host: node.host,
        port: node.port,
        scheme,
        origin: `${scheme}://${address}`,
        pathPrefix: seed?.pathPrefix ?? "",
        headers:
          credential.kind === "none" || auth === undefined
            ? this.config.headers
            : { ...this.config.headers, authorization: authorizationHeader(auth) },
        tls: chooseTls(node, this.config.seeds, this.config.tls) ?? noTls,
        ...(node.ip === undefined ? {} : { fallbackAddress: node.ip }),
        policy: this.policy,
      },
    };
  }

  /** Looks up the names of the configured nodes again. A name that does not resolve keeps what it resolved to last. */
  async resolveSeeds(): Promise<void> {
    const resolved = await Promise.all(this.resolved.map(resolveSeed));
    const before = JSON.stringify(this.resolved.map(({ addresses }) => addresses));
    this.resolved = resolved;
    if (JSON.stringify(resolved.map(({ addresses }) => addresses)) === before) return;
    this.policy = this.compilePolicy();
    this.tell();
  }

  /** A node said 401: the credential may have changed. Only a credential that a function gives can be asked for anew. */
  credentialRefused(): void {
    void this.refreshCredential();
  }

  private refreshCredential(): Promise<void> {
    const { defaultAuth } = this.config;
    if (typeof defaultAuth !== "function") return Promise.resolve();
    if (this.timers.nowMs() - this.askedAtMs < credentialMinAgeMs) return this.asking ?? Promise.resolve();
    this.askedAtMs = this.timers.nowMs();
    this.asking = this.askCredential(defaultAuth).finally(() => {
      this.asking = undefined;
      this.cancelRefresh();
      const againMs = this.defaultAuth === undefined ? credentialMinAgeMs : credentialMaxAgeMs;
      this.cancelRefresh = this.timers.after(againMs, () => void this.refreshCredential());
    });
    return this.asking;
  }

  private async askCredential(provider: AuthProvider): Promise<void> {
    try {
      const auth = parseAuth(await provider());
      const header = authorizationHeader(auth);
      if (this.defaultAuth !== undefined && authorizationHeader(this.defaultAuth) === header) return;
      this.defaultAuth = auth;
      this.tell();
    } catch (error) {
      // Another's error is not told: it was made by code that handles secrets. Ours names options and nothing else.
      const problem = error instanceof RollcallError ? error.message : undefined;
      this.logger.warn(
        { option: "auth", problem },
        this.defaultAuth === undefined
          ? "the function given as `auth` failed; requests wait for it"
          : "the function given as `auth` failed; the credential it gave before stays in use",
      );
    }
  }

  private compilePolicy(): CompiledHostPolicy {
    const { config } = this;
    const allow = config.discovery === false ? undefined : config.discovery.allow;
    return createHostPolicy({
      seeds: this.resolved,
      ...(allow === undefined ? {} : { allow }),
      hasCredentials: config.defaultAuth !== undefined || config.seeds.some(({ auth }) => auth !== undefined),
      verifiedTls: true,
    });
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
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
