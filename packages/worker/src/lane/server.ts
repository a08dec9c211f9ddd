import type { MessagePort } from "node:worker_threads";
import { uncountedBytes } from "@rollcall/core/request";
import type { AnswerFlow } from "../dispatch/answer-flow.js";
import type { DispatchObserver, PreparedRequest, Result, Sender, StreamingAnswer } from "../dispatch/sender.js";
import type { Target } from "../dispatch/target.js";
import type { TableReader } from "../table/reader.js";
import { claim } from "./claim-word.js";
import { drainPort } from "./drain-port.js";
import { IdleWaits } from "./idle-waits.js";
import { Incoming } from "./incoming.js";
import { JoinedTargets } from "./joined-targets.js";
import { type Hello, type NewTargets, type TargetsPart, toMain, toThread, type Word } from "./messages.js";
import { OpenAsks } from "./open-asks.js";
import { Outgoing } from "./outgoing.js";
import { OwnTls } from "./own-tls.js";
import { ServedBody } from "./served-body.js";
import { ServedRequest } from "./served-request.js";
import { ServedStream, type ServedStreamOwner } from "./served-stream.js";

export interface LaneServerOptions {
  readonly port: MessagePort;
  readonly viewPort: MessagePort;
  /** Makes the dispatch of this thread, once its row of the table is known. */
  readonly open: (hello: Hello, hooks: DispatchHooks) => OpenedDispatch;
}

export interface OpenedDispatch {
  readonly sender: Sender;
  readonly reader: TableReader;
  /** Holds the bytes of answers until main has them. */
  readonly answers: AnswerFlow;
}

/** The parts of a dispatch that the lane provides. */
export interface DispatchHooks {
  readonly observer: DispatchObserver;
  readonly takeNewLists: () => readonly (readonly Target[])[];
  readonly hedgeDelay: (template: string, delayMs: number) => void;
}

/** The thread's end of a lane: gives requests to its dispatch, and the results back, those of one turn together. */
export class LaneServer implements ServedStreamOwner {
  readonly outgoing = new Outgoing();
  /** By id. */
  private readonly requests: (ServedRequest | undefined)[] = [];
  private readonly waits = new IdleWaits();
  /** Those with pieces that are not joined yet. */
  private readonly toJoin = new Set<ServedStream>();
  private opened: (OpenedDispatch & { readonly claims: Int32Array }) | undefined;
  /** The number of the list of targets that the dispatch has. */
  private applied = 0;
  private flushing = false;
  /** Every target may be sent credentials. */
  private isProtected = false;
  private readonly whenListIsProtected: (() => void)[] = [];
  private readonly joined = new JoinedTargets();
  private readonly tls = new OwnTls();
  private readonly asks = new OpenAsks();
  private whenOpen: (() => void) | undefined;
  /** Resolves once the handshake of main has arrived. */
  readonly ready = new Promise<void>((resolve) => {
    this.whenOpen = resolve;
  });

  constructor(private readonly options: LaneServerOptions) {
    options.port.on("message", (message: Hello | Word[]) => this.receive(message));
  }

  /**
   * Resolves when the requests that main has posted by now have ended, or after `atMostMs`. Main has the answers then,
   * so the thread may be blocked in the same turn.
   */
  async idle(atMostMs: number): Promise<void> {
    // A task has come by another port: what main posted before it may still wait at this one.
    for (const message of drainPort<Word[]>(this.options.port)) this.receive(message);
    const settled = this.waits.currentSettled(atMostMs);
    if (settled !== undefined) await settled;
    this.flush();
  }

  /**
   * Resolves once this thread sends by a list whose nodes may all be sent credentials; main makes one. Undefined: it
   * does so now.
   */
  whenProtected(): Promise<void> | undefined {
    if (this.isProtected) return undefined;
    this.post(toMain.credentialGiven);
    return new Promise((resolve) => this.whenListIsProtected.push(resolve));
  }

  /** Shows main how many requests are queued here. */
  showQueue(): void {
    if (this.opened !== undefined) this.opened.reader.show("queued", this.opened.sender.stats().queued);
  }

  private receive(message: Hello | Word[]): void {
    if (Array.isArray(message)) this.receiveWords(message);
    else this.open(message);
  }

  private open(hello: Hello): void {
    const opened = this.options.open(hello, {
      observer: {
        failed: ({ slot, generation, startedAtMs, reason }) =>
          this.post(toMain.nodeFailed, slot, generation, startedAtMs, reason),
        credentialRefused: ({ slot, generation }, done) => {
          const ask = this.asks.begin(done);
          this.post(toMain.credentialRefused, ask, slot, generation, this.applied);
        },
        probeWanted: (slot) => this.post(toMain.probeWanted, slot),
        released: (slot) => this.post(toMain.released, slot, this.applied),
      },
      takeNewLists: () => this.takeNewLists(),
      hedgeDelay: (template, delayMs) => this.post(toMain.hedgeDelay, template, delayMs),
    });
    this.opened = { ...opened, claims: hello.claims };
    this.apply(hello);
    this.options.viewPort.on("message", (part: TargetsPart) => {
      const list = this.joined.add(part);
      if (list !== undefined) this.apply(list);
    });
    this.whenOpen?.();
  }

  private apply(list: NewTargets): void {
    if (this.opened === undefined) return;
    this.opened.sender.apply(this.takeOver(list));
    this.showQueue();
  }

  /** Each list in turn, not only the newest: a slot that only an older one names must be released too. */
  private takeNewLists(): readonly (readonly Target[])[] {
    if (this.opened === undefined || this.opened.reader.topology === this.applied) return noLists;
    return [...drainPort<TargetsPart>(this.options.viewPort)].flatMap((part) => {
      const list = this.joined.add(part);
      return list === undefined ? [] : [this.takeOver(list)];
    });
  }

  /** The list's targets, which are about to be applied. */
  private takeOver({ topology, targets }: NewTargets): readonly Target[] {
    this.applied = topology;
    this.opened?.reader.show("applied", topology);
    this.isProtected = targets.length > 0 && targets.every(({ endpoint }) => !endpoint.policy.unrestricted);
    if (this.isProtected) for (const resolve of this.whenListIsProtected.splice(0)) resolve();
    return this.tls.of(targets);
  }

  private receiveWords(words: readonly Word[]): void {
    const incoming = new Incoming(words);
    while (!incoming.ended) {
      const kind = incoming.toThread();
      switch (kind) {
        case toThread.alike:
        case toThread.plain:
        case toThread.request: {
          const id = incoming.number();
          let body: ServedBody | undefined;
          const prepared = incoming.request(kind, (windowBytes) => {
            body = new ServedBody(windowBytes, (byteLength) => this.post(toMain.bodyRead, id, byteLength));
            return body;
          });
          this.accept(id, prepared, body);
          break;
        }
        case toThread.bodyPiece: {
          const body = this.requests[incoming.number()]?.body;
          const bytes = incoming.bytes();
          body?.piece(bytes);
          break;
        }
        case toThread.bodyEnd: {
          const body = this.requests[incoming.number()]?.body;
          const isWhole = incoming.number() === 1;
          body?.end(isWhole);
          break;
        }
        case toThread.cancel: {
          const request = this.requests[incoming.number()];
          const code = incoming.cancelCode();
          const message = incoming.text();
          request?.pending?.cancel(code, message);
          break;
        }
        case toThread.read: {
          const stream = this.requests[incoming.number()]?.stream;
          const byteLength = incoming.number();
          stream?.read(byteLength);
          break;
        }
        case toThread.drop:
          this.requests[incoming.number()]?.stream?.drop();
          break;
        case toThread.pump:
          this.opened?.sender.pump();
          break;
        case toThread.reroute:
          this.opened?.sender.reroute(incoming.reroute());
          break;
        case toThread.taken:
          this.opened?.answers.taken(incoming.number());
          break;
        case toThread.renewed:
          this.asks.end(incoming.number());
          break;
        case toThread.close:
          void this.opened?.sender.destroy();
          break;
      }
    }
    this.showQueue();
  }

  private accept(id: number, prepared: PreparedRequest, body: ServedBody | undefined): void {
    if (this.opened === undefined) throw new Error("a request came before hello");
    const { claims, sender } = this.opened;
    if (Atomics.compareExchange(claims, id, claim.queued, claim.accepted) !== claim.queued) {
      return this.post(toMain.dropped, id);
    }
    const request = new ServedRequest(id, this.waits.countAccepted(), claims, body, this);
    this.requests[id] = request;
    request.pending = sender.start(prepared, request, request);
  }

  settled(request: ServedRequest, result: Result): void {
    this.outgoing.result(request.id, result);
    if (result.kind === "answered" && result.body.length > uncountedBytes)
      this.opened?.answers.posted(result.body.length);
    this.waits.countSettled(request.number);
    this.ended(request.id);
  }

  /** A stream may last as long as its reader likes: no task waits for it. */
  streams(request: ServedRequest, answer: StreamingAnswer): void {
    request.stream = new ServedStream(request.id, answer, this);
    this.waits.countSettled(request.number);
    this.flushSoon();
  }

  ended(id: number): void {
    this.requests[id]?.body?.stop();
    this.requests[id] = undefined;
    this.flushSoon();
  }

  joinSoon(stream: ServedStream): void {
    this.toJoin.add(stream);
    this.flushSoon();
  }

  private post(...words: Word[]): void {
    this.outgoing.words.push(...words);
    this.flushSoon();
  }

  private flushSoon(): void {
    if (this.flushing) return;
    this.flushing = true;
    setImmediate(this.flush);
  }

  private readonly flush = (): void => {
    this.flushing = false;
    for (const stream of this.toJoin) stream.join();
    this.toJoin.clear();
    this.showQueue();
    this.outgoing.post(this.options.port);
  };
}

const noLists: readonly (readonly Target[])[] = [];
