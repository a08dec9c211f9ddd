import type { Logger, Random, Timers } from "@rollcall/core";
import { authorizationHeader, type CredentialChoice } from "@rollcall/core/access";
import type { AuthConfig, AuthFileConfig, AuthProvider, ClusterConfig } from "@rollcall/core/config";
import type { WarnOnce } from "../warn-once.js";
import { openEach, placesOf } from "./configured-places.js";
import type { CredentialSource } from "./credential-source.js";
import { FileCredential } from "./file-credential.js";
import { FunctionCredential } from "./function-credential.js";
import { RenewedCredential } from "./renewed-credential.js";

export interface ClusterCredentialsParts {
  readonly timers: Timers;
  readonly wallNowMs: () => number;
  readonly random: Random;
  readonly logger: Logger;
  readonly warnings: WarnOnce;
}

/** What requests to a node carry. */
export type NodeCredential =
  | { readonly kind: "fixed"; readonly header: string }
  | { readonly kind: "renewed"; readonly credential: RenewedCredential }
  | { readonly kind: "none" };

/** The credentials of a configuration: of the cluster, and of nodes. A function is called once for all nodes that have it. */
export class ClusterCredentials {
  private readonly renewed = new Map<AuthConfig, RenewedCredential>();

  /** @throws {RollcallError} `CONFIG` if files cannot be used, with one problem a line */
  constructor(
    private readonly config: ClusterConfig,
    private readonly parts: ClusterCredentialsParts,
  ) {
    const settings = placesOf(config.defaultAuth, config.seeds, ({ auth }) => auth);
    openEach(settings, (auth, place) => {
      if (!isRenewed(auth) || this.renewed.has(auth)) return;
      this.renewed.set(auth, new RenewedCredential(this.sourceOf(auth, place), parts.timers));
    });
  }

  /** Whether every function has given a credential. */
  get areKnown(): boolean {
    return this.sources.every(({ header }) => header !== undefined);
  }

  /** Resolves once every credential is known, or could not be found out for now. Never rejects. */
  async start(): Promise<void> {
    await Promise.all(this.sources.map(({ source }) => source.start()));
  }

  /** Calls `listener` each time a credential is another. */
  onChange(listener: () => void): void {
    for (const { source } of this.sources) source.onChange(listener);
  }

  close(): void {
    for (const credential of this.sources) credential.close();
  }

  of(choice: Exclude<CredentialChoice, { readonly kind: "refused" }>): NodeCredential {
    const auth =
      choice.kind === "seed" ? choice.seed.auth : choice.kind === "default" ? this.config.defaultAuth : undefined;
    if (auth === undefined) return { kind: "none" };
    const credential = this.renewed.get(auth);
    if (credential !== undefined) return { kind: "renewed", credential };
    return isRenewed(auth) ? { kind: "none" } : { kind: "fixed", header: authorizationHeader(auth) };
  }

  private get sources(): readonly RenewedCredential[] {
    return [...this.renewed.values()];
  }

  private sourceOf(auth: AuthFileConfig | AuthProvider, place: string): CredentialSource {
    if (typeof auth === "function") return new FunctionCredential(auth, place, this.parts);
    return new FileCredential(auth, place, this.parts.timers, this.parts.logger);
  }
}

function isRenewed(auth: AuthConfig): auth is AuthFileConfig | AuthProvider {
  return typeof auth === "function" || "passwordFile" in auth || "apiKeyFile" in auth || "bearerFile" in auth;
}
