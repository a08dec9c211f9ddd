import type { Timers } from "@rollcall/core";
import type { CredentialSource } from "./credential-source.js";

/** After a 401, the source is asked for so long whether it has another credential: it may be a moment behind. */
const roundMs = 2_000;
/** Time between two of these questions. A function is called once a second at the most. */
const betweenMs = 250;
/** So long after a round in vain, a 401 to the same credential leads to one question, and no round. */
const vainMs = 30_000;

/**
 * A credential that changes, and what a 401 does to it:
 *
 *   used ──refused──▶ asked for ──another is there──▶ used
 *     ▲                   └──none in 2 s──▶ refused in vain ──30 s, or another is there──▶ used
 *
 * However many requests are refused, one round of questions runs at a time.
 */
export class RenewedCredential {
  private round: Promise<void> | undefined;
  private vain: { readonly header: string | undefined; readonly untilMs: number } | undefined;
  private closed = false;

  constructor(
    readonly source: CredentialSource,
    private readonly timers: Timers,
  ) {}

  /** The value of the `authorization` header; undefined until it is first known. */
  get header(): string | undefined {
    return this.source.header;
  }

  /** A node has refused `header`. Resolves once there is another, or none is to be had for now; never rejects. */
  renew(): Promise<void> {
    this.round ??= this.askUntilChanged(this.isInVain ? 0 : roundMs).finally(() => {
      this.round = undefined;
    });
    return this.round;
  }

  close(): void {
    this.closed = true;
    this.source.close();
  }

  private get isInVain(): boolean {
    const { vain, source, timers } = this;
    return vain !== undefined && vain.header === source.header && timers.nowMs() < vain.untilMs;
  }

  private async askUntilChanged(forMs: number): Promise<void> {
    const { source, timers } = this;
    const refused = source.header;
    const untilMs = timers.nowMs() + forMs;
    for (;;) {
      await source.ask();
      if (source.header !== refused || this.closed) return;
      if (timers.nowMs() + betweenMs > untilMs) break;
      await new Promise<void>((resolve) => timers.after(betweenMs, resolve));
    }
    if (!this.isInVain) this.vain = { header: refused, untilMs: timers.nowMs() + vainMs };
  }
}
