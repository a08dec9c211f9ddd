import { Listeners, type Random, ReducerRunner, RollcallError, type Timers } from "@rollcall/core";
import {
  authorizationHeader,
  credentialIn,
  credentialRenewal,
  type RenewalEvent,
  type RenewalState,
} from "@rollcall/core/access";
import { type AuthProvider, parseProvidedAuth } from "@rollcall/core/config";
import { givenBy } from "../given-value.js";
import type { WarnOnce } from "../warn-once.js";
import type { CredentialSource } from "./credential-source.js";

export interface FunctionCredentialParts {
  readonly timers: Timers;
  /** The wall clock: the times at which credentials expire are on it. */
  readonly wallNowMs: () => number;
  readonly random: Random;
  readonly warnings: WarnOnce;
}

/** A function that takes longer has failed; its later answer is ignored. */
const withinMs = 30_000;

/** A credential that a function of the application gives. One call runs at a time, whatever asks for it. */
export class FunctionCredential implements CredentialSource {
  private readonly runner: ReducerRunner<RenewalState<string>, RenewalEvent<string>, { readonly type: "ask" }>;
  private readonly changes = new Listeners<void>();
  private whenAnswered: (() => void)[] = [];
  private closed = false;

  /** `place`: "" for the cluster's, else such as " of es1:9200". */
  constructor(
    private readonly provider: AuthProvider,
    private readonly place: string,
    private readonly parts: FunctionCredentialParts,
  ) {
    this.runner = new ReducerRunner<RenewalState<string>, RenewalEvent<string>, { readonly type: "ask" }>(
      { kind: "idle" },
      credentialRenewal<string>(parts.random),
      {
        timers: parts.timers,
        carryOut: () => void this.call(),
        changed: (state, before) => {
          if (credentialIn(state) !== credentialIn(before)) this.changes.emit();
          if (before.kind === "asking" && state.kind !== "asking") this.answered();
        },
      },
    );
  }

  get header(): string | undefined {
    return credentialIn(this.runner.state);
  }

  start(): Promise<void> {
    return this.askedBy("begin");
  }

  ask(): Promise<void> {
    return this.askedBy("refused");
  }

  onChange(listener: () => void): void {
    this.changes.add(listener);
  }

  close(): void {
    this.closed = true;
    this.runner.close();
    this.answered();
  }

  private askedBy(type: "begin" | "refused"): Promise<void> {
    if (this.closed) return Promise.resolve();
    const answered = new Promise<void>((resolve) => this.whenAnswered.push(resolve));
    this.runner.send({ type });
    return answered;
  }

  private answered(): void {
    for (const resolve of this.whenAnswered.splice(0)) resolve();
  }

  private async call(): Promise<void> {
    const given = await givenBy(this.provider, withinMs, this.parts.timers);
    if (this.closed) return;
    const { credential, problem } = given.ok ? read(given.value) : { credential: undefined, problem: given.problem };
    if (credential === undefined) {
      this.warn(problem ?? "it gave no credential");
      return this.runner.send({ type: "failed" });
    }
    const text = `the function given as \`auth\`${this.place} gives a credential again`;
    this.parts.warnings.end(this.topic, "auth.recovered", text);
    const { auth, expiresAtMs } = credential;
    const lastsMs = expiresAtMs === undefined ? undefined : expiresAtMs - this.parts.wallNowMs();
    this.runner.send({ type: "given", credential: authorizationHeader(auth), lastsMs });
  }

  private warn(problem: string): void {
    const follows = this.header === undefined ? "requests wait for it" : "the credential it gave before stays in use";
    const text = `the function given as \`auth\`${this.place} failed (${problem}); ${follows}`;
    this.parts.warnings.warn(this.topic, "auth.failed", { option: `auth${this.place}`, problem }, text, problem);
  }

  private get topic(): string {
    return `auth${this.place}`;
  }
}

function read(value: unknown) {
  try {
    return { credential: parseProvidedAuth(value), problem: undefined };
  } catch (error) {
    // Our own message names options and nothing else.
    return { credential: undefined, problem: error instanceof RollcallError ? error.message : "it gave no credential" };
  }
}
