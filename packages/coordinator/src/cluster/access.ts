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
import { WarnOnce } from "../warn-once.js";
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
/** A function that takes longer has failed; what it gives later is ignored. */
const credentialWithinMs = 30_000;

const noTls: TlsConfig = {};

/**
 * Turns a node of the view into an {@link Endpoint}, with nothing but the local configuration: its scheme, its path, its
 * TLS settings, its own credential, and whether the host policy lets it have one.
 *
 * Listeners are told whenever an endpoint handed out earlier may be out of date.
 */
export class ClusterAccess {
  private resolved: readonly ResolvedSeed[];
  private policy: CompiledHostPolicy;
  private defaultAuth: Auth | undefined;
  private askedAtMs = Number.NEGATIVE_INFINITY;
  private asking: Promise<void> | undefined;
  private resolving: Promise<void> | undefined;
  /** Every name has been looked up at least once, found or not. */
  private namesAreKnown: boolean;
  private closed = false;
  private readonly notices: WarnOnce;
  private cancelRefresh = () => {};
  private readonly listeners = new Set<() => void>();

  constructor(
    private readonly config: ClusterConfig,
    private readonly timers: Timers,
    logger: Logger,
  ) {
    this.notices = new WarnOnce(logger);
    this.resolved = config.seeds.map((seed) => ({ ...seed, addresses: isIP(seed.host) === 0 ? [] : [seed.host] }));
    this.namesAreKnown = config.seeds.every(({ host }) => isIP(host) !== 0);
    this.policy = this.compilePolicy();
    if (typeof config.defaultAuth === "object") this.defaultAuth = config.defaultAuth;
  }

  get seeds(): readonly ResolvedSeed[] {
    return this.resolved;
  }

  /** Whether a refusal will stand: names and credential are not still waited for. */
  get isSettled(): boolean {
    return this.namesAreKnown && (typeof this.config.defaultAuth !== "function" || this.defaultAuth !== undefined);
  }

  /** Looks up the seeds' names and asks for the credential, if a function gives it. Never fails. */
  async start(): Promise<void> {
    await Promise.all([this.resolveSeeds(), this.refreshCredential()]);
  }

  close(): void {
    this.closed = true;
    this.cancelRefresh();
    this.listeners.clear();
  }

  /** Calls `listener` at each change, until what it returns is called. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
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
  resolveSeeds(): Promise<void> {
    // One at a time: lookups that hang hold up all of the process's other lookups and file reads.
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
    this.tell();
  }

  /** A node said 401: the credential may have changed. Only a credential that a function gives can be asked for anew. */
  credentialRefused(): void {
    void this.refreshCredential();
  }

  private refreshCredential(): Promise<void> {
    const { defaultAuth } = this.config;
    if (typeof defaultAuth !== "function" || this.closed) return Promise.resolve();
    if (this.asking !== undefined) return this.asking;
    if (this.timers.nowMs() - this.askedAtMs < credentialMinAgeMs) return Promise.resolve();
    this.askedAtMs = this.timers.nowMs();
    this.asking = this.askCredential(defaultAuth).finally(() => {
      this.asking = undefined;
      if (this.closed) return;
      this.cancelRefresh();
      const againMs = this.defaultAuth === undefined ? credentialMinAgeMs : credentialMaxAgeMs;
      this.cancelRefresh = this.timers.after(againMs, () => void this.refreshCredential());
    });
    return this.asking;
  }

  private async askCredential(provider: AuthProvider): Promise<void> {
    const given = await this.inTime(provider);
    if (this.closed) return;
    const { auth, problem } = given.ok ? readCredential(given.value) : { auth: undefined, problem: given.problem };
    if (auth === undefined) {
      return this.notices.warn(
        "auth",
        { option: "auth", problem },
        this.defaultAuth === undefined
          ? `the function given as \`auth\` failed (${problem}); requests wait for it`
          : `the function given as \`auth\` failed (${problem}); the credential it gave before stays in use`,
      );
    }
    this.notices.clear("auth");
    if (this.defaultAuth !== undefined && authorizationHeader(this.defaultAuth) === authorizationHeader(auth)) return;
    this.defaultAuth = auth;
    this.tell();
  }

  /** What the function gave. What it threw is not told: it was made by code that handles secrets. */
  private async inTime(provider: AuthProvider): Promise<Given> {
    let cancel = () => {};
    const late = new Promise<Given>((resolve) => {
      const problem = `no answer within ${credentialWithinMs} ms`;
      cancel = this.timers.after(credentialWithinMs, () => resolve({ ok: false, problem }));
    });
    const asked = async (): Promise<Given> => ({ ok: true, value: await provider() });
    const failed = (): Given => ({ ok: false, problem: "it threw" });
    return Promise.race([asked().catch(failed), late]).finally(() => cancel());
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
