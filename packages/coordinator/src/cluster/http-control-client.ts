import { errorCodeOf, failureReason, type Timers } from "@rollcall/core";
import { isInTime } from "@rollcall/core/health";
import { judgeFailure } from "@rollcall/core/request";
import type { Client } from "undici";
import { answerHeadersMaxBytes } from "./answer-limits.js";
import { createConnector, type Reached } from "./connector.js";
import { ControlAnswer } from "./control-answer.js";
import {
  brokenAnswer,
  type ControlClient,
  type ControlRequest,
  type ControlResponse,
  clientClosed,
  failedResponse,
  notRunning,
  notSigned,
  repeatsMax,
} from "./control-client.js";
import { type Endpoint, sameConnection } from "./endpoint.js";
import { NameCache } from "./name-cache.js";
import { PlainToTls } from "./plain-to-tls.js";
import { ProxyFailure, shownProxy } from "./proxy-failure.js";
import { requestToSign } from "./request-to-sign.js";
import type { Signature, Signer } from "./signer.js";
import { UndiciClient } from "./undici-parts.cjs";

export interface HttpControlClientOptions {
  readonly timers: Timers;
  /** The wall clock: certificates have dates. */
  readonly wallNowMs: () => number;
  /** Time for TCP and TLS together, at each address. */
  readonly connectTimeoutMs: number;
  /** What signs each request as it is sent; undefined: nothing does. */
  readonly signer?: () => Signer | undefined;
}

/** An idle connection is closed after this time; the next request opens another. */
const keptMs = 30_000;

/** A {@link ControlClient} over HTTP/1.1: one kept connection to each node, and one more for each fresh request. */
export class HttpControlClient implements ControlClient {
  private readonly kept = new Map<string, Kept>();
  /** Every client that may have a connection, and what ends it at once. */
  private readonly clients = new Map<Client, () => Promise<void>>();
  private closed = false;

  private readonly names: NameCache;

  constructor(private readonly options: HttpControlClientOptions) {
    this.names = new NameCache(options.timers);
  }

  async request(endpoint: Endpoint, request: ControlRequest): Promise<ControlResponse> {
    for (let repeats = 0; !this.closed; repeats++) {
      const sent = outgoing(endpoint, request);
      const signature = await this.sign(endpoint, sent);
      if (signature.kind === "failed") return failedResponse(notSigned, signature.problem);
      if (this.closed) break;
      sent.headers.push(...signature.added);
      const response = await this.requestOnce(endpoint, request, sent).catch(describeFailure);
      if (response !== "not-running") return response;
      if (repeats === repeatsMax) return failedResponse(notRunning, "no answer, and this process was hardly running");
    }
    return failedResponse(clientClosed, "discovery is closed");
  }

  keepOnly(addresses: ReadonlySet<string>): void {
    for (const [address, { client }] of this.kept) {
      if (addresses.has(address)) continue;
      this.kept.delete(address);
      this.retire(client);
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    this.kept.clear();
    await Promise.all([...this.clients.values()].map((end) => end()));
  }

  private sign(endpoint: Endpoint, sent: Outgoing): Signature | Promise<Signature> {
    const signer = this.options.signer?.();
    if (signer === undefined) return unsigned;
    return signer.sign(requestToSign(endpoint, { ...sent, body: null }));
  }

  private async requestOnce(
    endpoint: Endpoint,
    request: ControlRequest,
    sent: Outgoing,
  ): Promise<ControlResponse | "not-running"> {
    if (!request.fresh) return this.requestOver(this.keep(endpoint), endpoint, request, sent);
    const client = this.open({ endpoint });
    try {
      return await this.requestOver(client, endpoint, request, sent);
    } finally {
      void this.clients.get(client)?.();
    }
  }

  private async requestOver(
    client: Client,
    endpoint: Endpoint,
    request: ControlRequest,
    sent: Outgoing,
  ): Promise<ControlResponse | "not-running"> {
    const { timers } = this.options;
    const answer = send(client, sent, request.maxBytes);
    const response = answer.response.catch(async (error: unknown) =>
      describeFailure((error instanceof Error ? await this.plainToTls(endpoint).explained(error) : undefined) ?? error),
    );

    let cancel = () => {};
    const dueMs = timers.nowMs() + request.timeoutMs;
    const deadline = new Promise<"in time" | "late">((resolve) => {
      cancel = timers.after(request.timeoutMs, () => resolve(isInTime(dueMs, timers.nowMs()) ? "in time" : "late"));
    });
    const first = await Promise.race([response, deadline]);
    cancel();
    if (typeof first !== "string") return first;

    // Timers run before sockets are read: one poll phase brings in what has already arrived.
    const afterPoll = await Promise.race([response, new Promise<"none">((resolve) => setImmediate(resolve, "none"))]);
    if (afterPoll !== "none") return afterPoll;
    answer.abort();
    if (first === "late") return "not-running";
    const way = endpoint.proxy === undefined ? "" : ` through the proxy ${shownProxy(endpoint.proxy)}`;
    return failedResponse("ERR_TIMEOUT", `no answer within ${request.timeoutMs} ms${way}`);
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

  private plainToTls(endpoint: Endpoint): PlainToTls {
    return new PlainToTls({ endpoint }, { ...this.options, names: this.names, opening: 1 });
  }

  private open(node: Reached): Client {
    const stop = new AbortController();
    const connecting = { ...this.options, names: this.names, opening: 1, signal: stop.signal };
    const client = new UndiciClient(node.endpoint.origin, {
      connect: createConnector(node, connecting),
      keepAliveTimeout: keptMs,
      keepAliveMaxTimeout: keptMs,
      maxHeaderSize: answerHeadersMaxBytes,
    });
    this.clients.set(client, async () => {
      this.clients.delete(client);
      await client.destroy();
      stop.abort();
    });
    return client;
  }

  /** Closes a client once its requests have ended; their own deadlines bound that. */
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

/** What is sent of a request. */
interface Outgoing {
  readonly method: "GET";
  readonly path: string;
  /** Name, value, name, value. */
  readonly headers: string[];
}

const unsigned: Signature = { kind: "signed", added: [] };

function outgoing({ pathPrefix, headers }: Endpoint, { path }: ControlRequest): Outgoing {
  const all = { ...headers, accept: "application/json" };
  return { method: "GET", path: `${pathPrefix}${path}`, headers: Object.entries(all).flat() };
}

function send(client: Client, sent: Outgoing, maxBytes: number): ControlAnswer {
  const answer = new ControlAnswer(maxBytes);
  client.dispatch({ ...sent, headersTimeout: 0, bodyTimeout: 0 }, answer);
  return answer;
}

/** An answer has come, if not one that can be read: so the node is reached. */
function isBrokenAnswer({ message }: Error, code: string): boolean {
  const facts = { handedToSocket: true, firstByteSeen: true, reusedSocket: false };
  return judgeFailure({ code, message }, facts).kind === "bad-response";
}

function describeFailure(error: unknown): ControlResponse {
  if (!(error instanceof Error)) return failedResponse("ERR_UNKNOWN", "unknown failure");
  const [first] = error instanceof AggregateError ? error.errors : [error];
  const code = errorCodeOf(first) ?? errorCodeOf(error) ?? error.name;
  // Our own sentence, which says which proxy.
  if (error instanceof ProxyFailure) return failedResponse(code, error.message);
  if (isBrokenAnswer(error, code)) return failedResponse(brokenAnswer, failureReason(code));
  const reason = failureReason(code);
  return failedResponse(code, reason === code ? error.message : reason);
}
