import { authorizationOf } from "./authorization.js";

/** What comes of a connection to the server, in the order in which it happens. */
export interface StreamListener {
  event(name: string, data: unknown): void;
  /** Nothing comes any more; it is tried again. `status` is that of an answer which is no stream. */
  lost(status: number | undefined): void;
}

/** A second passes between two states. After so much silence the connection is as good as gone. */
const silenceMs = 6_000;
const waitsMs = [500, 1_000, 2_000, 5_000];

/**
 * Reads the server-sent events of the page for as long as it is open. `EventSource` would do the same, but cannot send
 * a token in a header.
 *
 *     connecting ──▶ reading ──end, silence──▶ waiting (0.5 to 5 s) ──▶ connecting
 *         └── an answer of 401 ──▶ waiting for a token
 */
export class EventReader {
  private attempts = 0;
  private abort = new AbortController();

  constructor(
    private readonly token: () => string | undefined,
    private readonly listener: StreamListener,
  ) {}

  /** Reads for ever; a 401 is waited out until {@link again}. */
  async run(): Promise<never> {
    for (;;) {
      this.abort = new AbortController();
      const status = await this.readOnce().catch(() => undefined);
      this.listener.lost(status);
      const waitMs =
        status === 401 ? Number.POSITIVE_INFINITY : (waitsMs[Math.min(this.attempts++, waitsMs.length - 1)] ?? 0);
      await this.wait(waitMs);
    }
  }

  /** Connects anew at once, as with another token. */
  again(): void {
    this.attempts = 0;
    this.abort.abort();
  }

  /** The status of an answer that is no stream; undefined where a stream has ended. */
  private async readOnce(): Promise<number | undefined> {
    const response = await this.soon(
      fetch("events", {
        headers: authorizationOf(this.token()),
        cache: "no-store",
        signal: this.abort.signal,
      }),
    );
    if (!response.ok || response.body === null) return response.status;
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await this.soon(reader.read());
      if (done) return undefined;
      const parts = (rest + value).split("\n\n");
      rest = parts.pop() ?? "";
      for (const part of parts) this.take(part);
    }
  }

  /** Silence ends the connection, whatever it is waited for. */
  private soon<Value>(promise: Promise<Value>): Promise<Value> {
    const { abort } = this;
    const timer = setTimeout(() => abort.abort(), silenceMs);
    return promise.finally(() => clearTimeout(timer));
  }

  private take(text: string): void {
    const [, name, data] = /^event: (\w+)\ndata: (.*)$/.exec(text) ?? [];
    if (name === undefined || data === undefined) return;
    this.attempts = 0;
    this.listener.event(name, JSON.parse(data));
  }

  private wait(ms: number): Promise<void> {
    const { signal } = this.abort;
    if (signal.aborted && ms > 0) this.abort = new AbortController();
    return new Promise((resolve) => {
      if (Number.isFinite(ms)) setTimeout(resolve, ms);
      this.abort.signal.addEventListener("abort", () => resolve(), { once: true });
    });
  }
}
