import type { LookupAddress } from "node:dns";
import type { Socket } from "node:net";
import { plainName } from "@rollcall/core/access";
import type { buildConnector } from "undici";
import { resolveAllowed } from "./allowed-addresses.js";
import { skipContinue } from "./answer-limits.js";
import type { Endpoint } from "./endpoint.js";
import type { NameCache, Resolved } from "./name-cache.js";
import type { NodeDialler } from "./node-dialler.js";
import { closed, RefusedConnection } from "./refused-connection.js";
import { resolveProxy } from "./tunnel-dialler.js";

export interface OpeningParts {
  readonly dialler: Pick<NodeDialler, "dial" | "pinProblem">;
  readonly names: NameCache;
  /** No connection begins once it is aborted. */
  readonly signal?: AbortSignal | undefined;
  /** Gets the time that the connection took to open, without its wait for a place and its lookup. */
  readonly timed?: { readonly nowMs: () => number; readonly took: (ms: number) => void } | undefined;
}

type State =
  | { readonly at: "waiting" | "resolving" | "over" }
  | { readonly at: "dialling"; readonly giveUp: (reason: Error) => void };

/**
 * One connection, from its wait for a place until it is open or has failed. `callback` is called once, at its end.
 *
 *     waiting ──▶ resolving ──▶ dialling ──▶ over
 *        │            │      open, failed    ▲
 *        └────────────┴──────────────────────┘
 *               failed, given up, closed
 */
export class OpeningConnection {
  private state: State = { at: "waiting" };
  private leavePlace = () => {};

  constructor(
    private readonly parts: OpeningParts,
    private readonly target: buildConnector.Options,
    private readonly callback: buildConnector.Callback,
  ) {}

  /** Begins it at that endpoint, unless it is over. Resolves when it is over. */
  async open(endpoint: Endpoint): Promise<void> {
    if (this.state.at === "over") return;
    await new Promise<void>((resolve) => {
      this.leavePlace = resolve;
      this.resolve(endpoint);
    });
  }

  /** Ends it: `callback` gets the reason. Without effect once it is over. */
  giveUp(reason: Error): void {
    const { state } = this;
    this.fail(reason);
    if (state.at === "dialling") state.giveUp(reason);
  }

  private resolve(endpoint: Endpoint): void {
    if (this.parts.signal?.aborted === true) return this.fail(closed());
    this.state = { at: "resolving" };
    const host = plainName(endpoint.host);
    const { names } = this.parts;
    const resolved: Resolved = (error, addresses) => {
      if (this.state.at === "over") return;
      if (error !== null) return this.fail(error);
      this.dial(host, addresses);
    };
    if (endpoint.proxy === undefined) resolveAllowed(endpoint, names, resolved);
    else resolveProxy(endpoint.proxy, names, resolved);
  }

  private dial(host: string, addresses: readonly LookupAddress[]): void {
    const { dialler, timed } = this.parts;
    const beganMs = timed?.nowMs() ?? 0;
    const giveUp = dialler.dial(this.target, host, addresses, (error, socket) => {
      if (socket === null) return this.fail(error ?? closed());
      this.connected(host, socket, beganMs);
    });
    // A key that cannot be read fails at once.
    if (this.state.at !== "over") this.state = { at: "dialling", giveUp };
  }

  private connected(host: string, socket: Socket, beganMs: number): void {
    if (!this.end()) return;
    const { dialler, timed } = this.parts;
    const problem = dialler.pinProblem(this.target, host, socket);
    if (problem !== undefined) {
      socket.on("error", () => {}).destroy();
      return this.callback(new RefusedConnection(problem.code, problem.message), null);
    }
    timed?.took(timed.nowMs() - beganMs);
    // Only after this callback does undici attach its parser.
    setImmediate(skipContinue, socket);
    this.callback(null, socket);
  }

  private fail(reason: Error): void {
    if (this.end()) this.callback(reason, null);
  }

  /** Leaves the place to the next connection. False where it was over before. */
  private end(): boolean {
    if (this.state.at === "over") return false;
    this.state = { at: "over" };
    this.leavePlace();
    return true;
  }
}
