import type { MessagePort } from "node:worker_threads";
import type { TlsConfig } from "@rollcall/core/config";
import type { Claim, DispatchObserver, PendingRequest, PreparedRequest, Result, Sender } from "../dispatch/sender.js";
import type { Target } from "../dispatch/target.js";
import type { TableReader } from "../table/reader.js";
import { drainPort } from "./drain-port.js";
import { claim, type Hello, Incoming, type NewTargets, Outgoing, toMain, toThread, type Word } from "./messages.js";

/** What a lane needs of its thread. */
export interface LaneServerOptions {
  readonly port: MessagePort;
  readonly viewPort: MessagePort;
  /** Makes the dispatch of this thread, once its row of the table is known. */
  readonly open: (hello: Hello, hooks: DispatchHooks) => { readonly sender: Sender; readonly reader: TableReader };
}

/** The parts of a dispatch that the lane sees to. */
export interface DispatchHooks {
  readonly observer: DispatchObserver;
  readonly catchUp: () => boolean;
}

/** The thread's end of a lane: gives calls to its dispatch, and what comes of them back, all of one turn together. */
export class LaneServer {
  private readonly outgoing = new Outgoing();
  /** By id. */
  private readonly calls: (ServedCall | undefined)[] = [];
  private readonly idleWaits: IdleWait[] = [];
  private opened: { readonly sender: Sender; readonly reader: TableReader; readonly claims: Int32Array } | undefined;
  private underWay = 0;
  private begun = 0;
  private applied = 0;
  private flushing = false;
  private tls = new Map<string, TlsConfig>();
  private whenOpen: (() => void) | undefined;
  /** Resolves once main has said hello. */
  readonly ready = new Promise<void>((resolve) => {
    this.whenOpen = resolve;
  });

  constructor(private readonly options: LaneServerOptions) {
    options.port.on("message", (message: Hello | Word[]) => this.hear(message));
  }

  /**
   * Resolves when the calls that main has posted by now have ended, or after `atMostMs`. Main has the answers then: whoever
   * waits for this may block the thread in the same turn.
   */
  async idle(atMostMs: number): Promise<void> {
    // A task has come by another port: what main posted before it may still wait at this one.
    for (const message of drainPort<Word[]>(this.options.port)) this.hear(message);
    if (this.underWay > 0) await this.currentEnded(atMostMs);
    this.flush();
  }

  private currentEnded(atMostMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wait: IdleWait = { upTo: this.begun, left: this.underWay, resolve };
      const timer = setTimeout(() => wait.resolve(), atMostMs);
      wait.resolve = () => {
        clearTimeout(timer);
        const at = this.idleWaits.indexOf(wait);
        if (at >= 0) this.idleWaits.splice(at, 1);
        resolve();
      };
      this.idleWaits.push(wait);
    });
  }

  /** Tells main how many calls wait here. */
  showQueue(): void {
    if (this.opened !== undefined) this.opened.reader.show("queued", this.opened.sender.stats().queued);
  }

  private hear(message: Hello | Word[]): void {
    if (Array.isArray(message)) this.receive(message);
    else this.begin(message);
  }

  private begin(hello: Hello): void {
    this.applied = hello.topology;
    const { sender, reader } = this.options.open(hello, {
      observer: {
        failed: ({ slot, generation, startedAtMs, reason }) =>
          this.say(toMain.nodeFailed, slot, generation, startedAtMs, reason),
        credentialRefused: () => this.say(toMain.refused),
        probeWanted: (slot) => this.say(toMain.signWanted, slot),
        released: (slot) => this.say(toMain.released, slot, this.applied),
      },
      catchUp: () => this.catchUp(),
    });
    this.opened = { sender, reader, claims: hello.claims };
    this.apply(hello);
    this.options.viewPort.on("message", (list: NewTargets) => this.apply(list));
    this.whenOpen?.();
  }

  /** Whether there was a list of targets newer than the one we send by. It is applied now. */
  private catchUp(): boolean {
    if (this.opened === undefined || this.opened.reader.topology === this.applied) return false;
    const before = this.applied;
    for (const list of drainPort<NewTargets>(this.options.viewPort)) this.apply(list);
    return this.applied !== before;
  }

  private apply({ topology, targets }: NewTargets): void {
    if (this.opened === undefined) return;
    this.applied = topology;
    this.opened.sender.apply(this.withOwnTls(targets));
    this.opened.reader.show("applied", topology);
    this.showQueue();
  }

  /** Connections are kept while their TLS settings are the same object, and what crosses to a thread is a copy. */
  private withOwnTls(targets: readonly Target[]): Target[] {
    const known = new Map<TlsConfig, TlsConfig>();
    const inUse = new Map<string, TlsConfig>();
    const own = targets.map((target) => {
      const { tls } = target.endpoint;
      let mine = known.get(tls);
      if (mine === undefined) {
        const text = JSON.stringify(tls);
        mine = this.tls.get(text) ?? inUse.get(text) ?? tls;
        known.set(tls, mine);
        inUse.set(text, mine);
      }
      return { ...target, endpoint: { ...target.endpoint, tls: mine } };
    });
    this.tls = inUse;
    return own;
  }

  private receive(words: readonly Word[]): void {
    const incoming = new Incoming(words);
    while (!incoming.ended) {
      switch (incoming.number()) {
        case toThread.call: {
          const id = incoming.number();
          this.take(id, incoming.call());
          break;
        }
        case toThread.cancel: {
          const call = this.calls[incoming.number()];
          const code = incoming.cancelCode();
          const message = incoming.text();
          call?.pending?.cancel(code, message);
          break;
        }
        case toThread.pump:
          this.opened?.sender.pump();
          break;
        case toThread.move:
          this.opened?.sender.reroute(incoming.move());
          break;
        case toThread.close:
          void this.opened?.sender.destroy();
          break;
      }
    }
    this.showQueue();
  }

  private take(id: number, call: PreparedRequest): void {
    if (this.opened === undefined) throw new Error("a call came before hello");
    const { claims, sender } = this.opened;
    if (Atomics.compareExchange(claims, id, claim.posted, claim.begun) !== claim.posted) {
      return this.say(toMain.dropped, id);
    }
    const served = new ServedCall(id, ++this.begun, claims);
    this.calls[id] = served;
    this.underWay++;
    served.pending = sender.start(call, (result) => this.ended(served, result), served);
  }

  private ended(served: ServedCall, result: Result): void {
    this.calls[served.id] = undefined;
    this.underWay--;
    this.outgoing.result(served.id, result);
    this.flushSoon();
    for (const wait of [...this.idleWaits]) if (served.number <= wait.upTo && --wait.left === 0) wait.resolve();
  }

  private say(...words: Word[]): void {
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
    const { words, transfer } = this.outgoing;
    this.showQueue();
    if (words.length === 0) return;
    this.options.port.postMessage(words, transfer);
    words.length = 0;
    transfer.length = 0;
  };
}

/** One call in this thread. */
class ServedCall implements Claim {
  pending: PendingRequest | undefined;

  constructor(
    readonly id: number,
    /** In the order of their coming. */
    readonly number: number,
    private readonly claims: Int32Array,
  ) {}

  hand(): boolean {
    const before = Atomics.compareExchange(this.claims, this.id, claim.begun, claim.handed);
    return before !== claim.taken;
  }
}

interface IdleWait {
  readonly upTo: number;
  left: number;
  resolve: () => void;
}
