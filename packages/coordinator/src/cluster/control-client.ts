import { failureReason, type Timers } from "@rollcall/core";
import { isInTime } from "@rollcall/core/health";
import { Client } from "undici";
import { createConnector, type Reached } from "./connector.js";
import { type Endpoint, sameConnection } from "./endpoint.js";

/** What came back, or why nothing did. */
export type ControlResponse =
  | { readonly kind: "answered"; readonly status: number; readonly body: Buffer }
  | { readonly kind: "failed"; readonly code: string; readonly reason: string };

export interface ControlRequest {
  /** Without the endpoint's path prefix. */
  readonly path: string;
  /** Over everything: connect, headers, body. */
  readonly timeoutMs: number;
  readonly maxBytes: number;
  /** On a connection opened for this question alone, to learn whether the node still accepts any. */
  readonly fresh: boolean;
}

/** The code of an answer that was larger than `maxBytes`. */
export const tooLarge = "ERR_TOO_LARGE";
/** The code of a question that got no answer while this process was hardly running: that says nothing of the node. */
export const notRunning = "ERR_NOT_RUNNING";

/** How often a question is put again because we were not running when its time ran out. */
const repeatsMax = 2;
/** A silent coordinator connection is closed after this; the next question opens another. */
const keptMs = 30_000;

/**
 * Asks nodes small questions, for discovery and probes, apart from the connections that carry requests.
 *
 * Always answers, never throws; after `close` it answers that it is closed. Redirects are not followed. A deadline that
 * passes while this process was not running (a blocked loop, a stopped process) is not held against the node: what
 * arrived meanwhile is read first, and the question is put again.
 */
export class ControlClient {
  private readonly kept = new Map<string, Kept>();
  /** Every client that may have a connection, and what ends it at once. */
  private readonly clients = new Map<Client, () => Promise<void>>();
  private closed = false;

  constructor(
    private readonly timers: Timers,
    private readonly connectTimeoutMs: number,
  ) {}

  async request(endpoint: Endpoint, question: ControlRequest): Promise<ControlResponse> {
    for (let repeats = 0; !this.closed; repeats++) {
      const answer = await this.askOnce(endpoint, question).catch(describeFailure);
      if (answer !== "not-running") return answer;
      if (repeats === repeatsMax) return failure(notRunning, "no answer, and this process was hardly running");
    }
    return failure("ERR_CLOSED", "discovery is closed");
  }

  /** Closes the kept connections to all but these addresses. Questions under way there are still answered. */
  keepOnly(addresses: ReadonlySet<string>): void {
    for (const [address, { client }] of this.kept) {
      if (addresses.has(address)) continue;
      this.kept.delete(address);
      this.retire(client);
    }
  }

  /** Closes every connection. Questions under way fail. */
  async close(): Promise<void> {
    this.closed = true;
    this.kept.clear();
    await Promise.all([...this.clients.values()].map((end) => end()));
  }

  private async askOnce(endpoint: Endpoint, question: ControlRequest): Promise<ControlResponse | "not-running"> {
    if (!question.fresh) return this.askThrough(this.keep(endpoint), endpoint, question);
    const client = this.open({ endpoint });
    try {
      return await this.askThrough(client, endpoint, question);
    } finally {
      void this.clients.get(client)?.();
    }
  }

  private async askThrough(
    client: Client,
    endpoint: Endpoint,
    question: ControlRequest,
  ): Promise<ControlResponse | "not-running"> {
    const stop = new AbortController();
    const asking: Promise<ControlResponse> = client
      .request({
        method: "GET",
        path: `${endpoint.pathPrefix}${question.path}`,
        headers: { ...endpoint.headers, accept: "application/json" },
        signal: stop.signal,
        headersTimeout: 0,
        bodyTimeout: 0,
      })
      .then(async ({ statusCode, body }) => {
        const chunks: Buffer[] = [];
        let byteLength = 0;
        for await (const chunk of body) {
          byteLength += chunk.length;
          if (byteLength > question.maxBytes) {
            return failure(tooLarge, `the answer is larger than ${question.maxBytes} bytes`);
          }
          chunks.push(chunk);
        }
        return { kind: "answered", status: statusCode, body: Buffer.concat(chunks) } as const;
      })
      .catch((error: unknown) => describeFailure(error));

    let cancel = () => {};
    const dueMs = this.timers.nowMs() + question.timeoutMs;
    const deadline = new Promise<"in time" | "late">((resolve) => {
      cancel = this.timers.after(question.timeoutMs, () =>
        resolve(isInTime(dueMs, this.timers.nowMs()) ? "in time" : "late"),
      );
    });
    const first = await Promise.race([asking, deadline]);
    cancel();
    if (typeof first !== "string") return first;

    // Timers run before sockets are read: let one poll phase bring in what has already arrived.
    const afterPoll = await Promise.race([asking, new Promise<"silent">((resolve) => setImmediate(resolve, "silent"))]);
    if (afterPoll !== "silent") return afterPoll;
    stop.abort();
    return first === "late" ? "not-running" : failure("ERR_TIMEOUT", `no answer within ${question.timeoutMs} ms`);
  }

  private keep(endpoint: Endpoint): Client {
    const kept = this.kept.get(endpoint.address);
    if (kept !== undefined && !kept.client.destroyed) {
      if (sameConnection(kept.endpoint, endpoint)) {
        kept.endpoint = endpoint;
        return kept.client;
      }
      this.retire(kept.client);
    }
    const node = { endpoint };
    const client = this.open(node);
    this.kept.set(endpoint.address, Object.assign(node, { client }));
    return client;
  }

  private open(node: Reached): Client {
    const stop = new AbortController();
    const { connectTimeoutMs } = this;
    const client = new Client(node.endpoint.origin, {
      connect: createConnector(node, { connectTimeoutMs, opening: 1, signal: stop.signal }),
      keepAliveTimeout: keptMs,
      keepAliveMaxTimeout: keptMs,
    });
    this.clients.set(client, async () => {
      this.clients.delete(client);
      await client.destroy();
      stop.abort();
    });
    return client;
  }

  /** Closes a client once its questions are answered; their own time bounds that. */
  private retire(client: Client): void {
    void client
      .close()
      .catch(() => {})
      .then(() => this.clients.delete(client));
  }
}

interface Kept extends Reached {
  endpoint: Endpoint;
  readonly client: Client;
}

function failure(code: string, reason: string): ControlResponse {
  return { kind: "failed", code, reason };
}

function describeFailure(error: unknown): ControlResponse {
  if (!(error instanceof Error)) return failure("ERR_UNKNOWN", "unknown failure");
  const [first] = error instanceof AggregateError ? error.errors : [error];
  const code = codeOf(first) ?? codeOf(error) ?? error.name;
  const reason = failureReason(code);
  return failure(code, reason === code ? error.message : reason);
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
