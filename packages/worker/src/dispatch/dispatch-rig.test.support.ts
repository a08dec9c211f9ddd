import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import type { TestContext } from "node:test";
import { type Endpoint, Signer } from "@rollcall/coordinator/cluster";
import type { Random, Timers } from "@rollcall/core";
import type { SignHook } from "@rollcall/core/config";
import { createHostPolicy } from "@rollcall/core/policy";
import { createTable } from "../table/layout.js";
import { TableReader } from "../table/reader.js";
import { TableTotals } from "../table/totals.js";
import { TableTraffic } from "../table/traffic.js";
import { TableWriter } from "../table/writer.js";
import { AnswerFlow } from "./answer-flow.js";
import { Dispatch } from "./dispatch.js";
import type { ConnectionSettings } from "./node-pool.js";
import type { Claim, PendingRequest, PreparedRequest, Result, StreamingAnswer } from "./sender.js";
import type { Target } from "./target.js";

/** What a raw server does with one request: `socket` has the whole of it behind it. */
export type Behaviour = (socket: Socket, request: { readonly path: string; readonly head: string }) => void;

export interface RawServer {
  readonly port: number;
  readonly origin: string;
  /** Heads of the requests seen so far, in order. */
  readonly requests: readonly string[];
  /** Connections accepted so far. */
  readonly connections: number;
  /** Connections open just now. */
  readonly open: number;
}

export const okAnswer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";

/** Answers nothing. */
export const mute: Behaviour = () => {};

/** Answers well. */
export const answer: Behaviour = (socket) => socket.write(okAnswer);

/** The first byte of a client of TLS. */
const tlsHandshake = 0x16;

/**
 * A server that speaks as little HTTP as a test wants: `respond` gets each request, `accept` each connection.
 * It reads no bodies: requests to it have none. Closed with the test.
 */
export async function startRawServer(
  test: TestContext,
  respond: Behaviour,
  accept: (socket: Socket) => void = () => {},
): Promise<RawServer> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    sockets.add(socket);
    socket.on("error", () => {}).on("close", () => sockets.delete(socket));
    accept(socket);
    let unread = "";
    socket.on("data", (chunk) => {
      // A client that lost its connection looks whether the port speaks TLS: as an HTTP server does, end that at once.
      if (requests.length > 0 && unread === "" && chunk[0] === tlsHandshake) return void socket.destroy();
      unread += chunk.toString("latin1");
      for (let end = unread.indexOf("\r\n\r\n"); end >= 0; end = unread.indexOf("\r\n\r\n")) {
        const head = unread.slice(0, end);
        unread = unread.slice(end + 4);
        requests.push(head);
        respond(socket, { head, path: head.split(" ", 2)[1] ?? "" });
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  test.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const port = portOf(server);
  return {
    port,
    origin: `http://127.0.0.1:${port}`,
    requests,
    get connections() {
      return connections;
    },
    get open() {
      return sockets.size;
    },
  };
}

export function portOf(server: Server): number {
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("the server does not listen on a port");
  return address.port;
}

export function endpointOf(origin: string, more: Partial<Endpoint> = {}): Endpoint {
  const url = new URL(origin);
  return {
    address: url.host,
    host: url.hostname,
    port: Number(url.port),
    scheme: url.protocol === "https:" ? "https" : "http",
    origin: url.origin,
    pathPrefix: "",
    headers: {},
    tls: noTls,
    policy: createHostPolicy({ seeds: [], hasCredentials: false }),
    ...more,
  };
}

const noTls = {};

/** One call that was begun. */
export interface Begun {
  readonly pending: PendingRequest;
  readonly result: Promise<Result>;
  /** How often it was settled. */
  readonly settlements: number;
}

/** A streamed answer whose reader takes nothing by itself. */
export interface Streamed {
  readonly answer: StreamingAnswer;
  bytes: number;
  end: string | undefined;
}

export interface RigOptions {
  readonly settings?: Partial<ConnectionSettings>;
  readonly queueMax?: number;
  readonly adaptiveTimeoutMs?: number;
  readonly answers?: AnswerFlow;
  readonly noNodeWaitMs?: number;
  readonly drainMs?: number;
  readonly random?: Random;
  readonly newLists?: Target[][];
  /** Signs each attempt. */
  readonly sign?: SignHook;
  readonly hedgeExtraWork?: number;
}

const layout = { slots: 4, threads: 1 };

/** A dispatch that is destroyed with its test, and must have nothing in flight after that. */
export function openRig(test: TestContext, options: RigOptions = {}): Rig {
  const rig = new Rig(options);
  test.after(async () => {
    await rig.dispatch.destroy();
    assert.deepEqual([rig.inFlight, rig.reader.inFlightInAll], [0, 0]);
    assert.equal(rig.dispatch.stats().queued, 0);
  });
  return rig;
}

/** A dispatch with its table, on real time and real sockets. */
export class Rig {
  readonly writer: TableWriter;
  readonly reader: TableReader;
  readonly totals: TableTotals;
  readonly traffic: TableTraffic;
  readonly dispatch: Dispatch;
  readonly begun: Begun[] = [];
  readonly failures: { readonly slot: number; readonly generation: number; readonly reason: string }[] = [];
  readonly released: number[] = [];
  readonly signsWanted: number[] = [];
  readonly hedgeDelays = new Map<string, number>();
  /** The slots whose credential was refused, and what answers to each. */
  readonly refusals: { readonly slot: number; readonly done: () => void }[] = [];

  constructor({
    settings,
    queueMax = 8,
    adaptiveTimeoutMs,
    answers = new AnswerFlow(1_000_000),
    noNodeWaitMs = 1_000,
    drainMs = 20_000,
    random = () => 0,
    newLists,
    sign,
    hedgeExtraWork,
  }: RigOptions = {}) {
    const words = createTable(layout);
    const connections: ConnectionSettings = {
      perNode: 4,
      opening: 4,
      idleMs: 20_000,
      maxAgeMs: 1_800_000,
      connectTimeoutMs: 20_000,
      maxResponseBytes: 1_000,
      unpacksAnswers: false,
      packsAboveBytes: undefined,
      ...settings,
    };
    this.writer = new TableWriter(words);
    this.totals = new TableTotals(words, layout);
    this.traffic = new TableTraffic(words, layout);
    this.reader = new TableReader({ words, layout, thread: 0, inFlightMax: connections.perNode, nowMs });
    this.dispatch = new Dispatch({
      reader: this.reader,
      settings: connections,
      answers,
      queueMax,
      adaptiveTimeoutMs,
      hedgeExtraWork,
      hedgeDelay: (template, delayMs) => this.hedgeDelays.set(template, delayMs),
      noNodeWaitMs,
      drainMs,
      observer: {
        failed: ({ slot, generation, reason }) => this.failures.push({ slot, generation, reason }),
        credentialRefused: ({ slot }, done) => this.refusals.push({ slot, done }),
        released: (slot) => this.released.push(slot),
        probeWanted: (slot) => this.signsWanted.push(slot),
      },
      ranMs: (now) => now,
      timers: realTimers,
      random,
      wallNowMs: Date.now,
      ...(sign === undefined ? {} : { signer: new Signer({ kind: "function", hook: sign }, realTimers) }),
      ...(newLists === undefined ? {} : { takeNewLists: () => newLists.splice(0) }),
    });
  }

  /** Makes these the nodes, each well, in slots 0, 1, 2, …. Undefined: the slot's node is gone. */
  use(...endpoints: readonly (Endpoint | string | undefined)[]): void {
    const targets: Target[] = [];
    for (const [slot, given] of endpoints.entries()) {
      if (given === undefined) this.writer.setState(slot, undefined, undefined);
      else targets.push({ slot, generation: 1, endpoint: typeof given === "string" ? endpointOf(given) : given });
    }
    this.apply(targets);
  }

  apply(targets: readonly Target[]): void {
    this.dispatch.apply(targets);
    for (const { slot, generation } of targets) {
      this.writer.assign(slot, generation);
      this.writer.setState(slot, { tier: "node", mark: "none", ejected: false }, undefined);
    }
    this.dispatch.pump();
  }

  /** Attempts in flight, at nodes that are gone too. */
  get inFlight(): number {
    return this.totals.inFlight;
  }

  /** What the dispatch has counted. */
  stats() {
    const nodes = Array.from({ length: layout.slots }, (_, slot) => this.totals.ofNode(slot));
    const { retries } = this.totals.ofThreads;
    return { ...this.dispatch.stats(), retries, inFlight: this.totals.inFlight, nodes };
  }

  begin(call: Partial<PreparedRequest> = {}, claim?: Claim, streaming?: (answer: StreamingAnswer) => void): Begun {
    let settlements = 0;
    let settle: (result: Result) => void = () => {};
    const result = new Promise<Result>((resolve) => {
      settle = resolve;
    });
    const pending = this.dispatch.start(
      {
        method: "GET",
        path: "/",
        headers: [],
        body: undefined,
        class: "read",
        reroutable: true,
        maxRetries: 2,
        deadlineMs: nowMs() + 30_000,
        sentBefore: 0,
        settings: undefined,
        answerWindowBytes: 0,
        ...call,
      },
      {
        settle: (outcome) => {
          settlements++;
          settle(outcome);
        },
        streaming: (answer) => streaming?.(answer),
      },
      claim,
    );
    const begun = {
      pending,
      result,
      get settlements() {
        return settlements;
      },
    };
    this.begun.push(begun);
    return begun;
  }

  /** Resolves with what has come of the body, and goes on to collect it, once the headers have come. */
  stream(windowBytes: number, call: Partial<PreparedRequest> = {}): Promise<Streamed> {
    return new Promise((resolve, reject) => {
      const { result } = this.begin({ ...call, answerWindowBytes: windowBytes }, undefined, (answer) => {
        const streamed: Streamed = { answer, bytes: 0, end: undefined };
        answer.source.open({
          piece: ({ length }) => {
            streamed.bytes += length;
          },
          end: () => {
            streamed.end = "whole";
          },
          broken: ({ code, receivedBytes }) => {
            streamed.end = `${code} after ${receivedBytes}`;
          },
        });
        resolve(streamed);
      });
      result.then((settled) => reject(new Error(JSON.stringify(settled))), reject);
    });
  }

  request(call: Partial<PreparedRequest> = {}): Promise<Result> {
    return this.begin(call).result;
  }
}

function nowMs(): number {
  return performance.now();
}

/** Timers that keep the process alive: in some tests nothing else does. */
const realTimers: Timers = {
  nowMs,
  after(delayMs, wake) {
    const timer = setTimeout(wake, Math.max(0, delayMs));
    return () => clearTimeout(timer);
  },
};

/** A result in a few words: what a test compares. */
export function summary(result: Result): { readonly attempts: readonly string[]; readonly [part: string]: unknown } {
  if (result.kind === "answered") return { status: result.status, attempts: result.attempts.map(({ code }) => code) };
  const { code, sent, attempts } = result.error;
  return { code, sent, attempts: attempts.map((attempt) => attempt.code) };
}
