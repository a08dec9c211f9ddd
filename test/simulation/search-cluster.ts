import type { Random } from "@rollcall/core";
import { nodeKey } from "@rollcall/core/view";
import type { Network } from "./network.js";
import type { SimProcess } from "./sim-process.js";
import type { World } from "./world.js";

/**
 *   up        answers within some milliseconds
 *   slow      answers within most of a second
 *   crashed   its machine is there, and refuses
 *   silent    frozen, or behind a black hole: nothing comes back
 */
export type NodeState = "healthy" | "slow" | "crashed" | "silent";

/** A node of the search cluster, as it really is. */
export class SearchNode {
  state: NodeState = "healthy";
  /** Since when it has answered without a gap; undefined while it does not. */
  answersSinceMs: number | undefined = Number.NEGATIVE_INFINITY;
  /** Since when it has been as it is. */
  changedMs = Number.NEGATIVE_INFINITY;
  isListed = true;

  constructor(
    public id: string,
    public name: string,
    public host: string,
    readonly port: number,
  ) {}

  get address(): string {
    return `${this.host}:${this.port}`;
  }

  get key(): string {
    return nodeKey(this);
  }

  get answers(): boolean {
    return this.state === "healthy" || this.state === "slow";
  }
}

/** The reply to a request. Without one, nothing ever comes back. */
export type Reply =
  | { readonly kind: "refused" }
  | { readonly kind: "answered"; readonly body: string; readonly isList: boolean };

/** Times at which a packet that opens a connection is sent again, without an answer. */
const resentAfterMs = [0, 1_000, 3_000];
const uuid = "u1";

/** The search cluster: its nodes, what they answer, and the list that its elected manager keeps. */
export class SearchCluster {
  readonly nodes: SearchNode[];
  /** Addresses that no node has any more. */
  private readonly left = new Set<string>();
  private readonly notAnswering = new Set<SearchNode>();
  private hosts = 0;
  private ids: number;
  private listBody = "";
  private listed = "";

  constructor(
    private readonly world: World,
    private readonly network: Network,
    private readonly random: Random,
    size: number,
  ) {
    this.ids = size;
    this.nodes = Array.from({ length: size }, (_, index) => {
      return new SearchNode(`id${index + 1}`, `n${index + 1}`, this.newHost(), 9_200);
    });
  }

  get urls(): string[] {
    return this.nodes.slice(0, 3).map(({ address }) => `http://${address}`);
  }

  at(address: string): SearchNode | undefined {
    return this.nodes.find((node) => node.address === address);
  }

  byKey(key: string): SearchNode | undefined {
    return this.nodes.find((node) => node.key === key);
  }

  set(node: SearchNode, state: NodeState): void {
    const didAnswer = node.answers;
    const nowMs = this.world.nowMs();
    node.state = state;
    node.changedMs = nowMs;
    if (node.answers) this.notAnswering.delete(node);
    else this.notAnswering.add(node);
    if (!node.answers) node.answersSinceMs = undefined;
    else if (!didAnswer) node.answersSinceMs = nowMs;
  }

  /** The node comes back at another address. */
  move(node: SearchNode): void {
    this.left.add(node.address);
    node.host = this.newHost();
    this.set(node, "healthy");
  }

  /** Another node takes this one's place, at its address. */
  replace(node: SearchNode): void {
    node.id = `id${++this.ids}`;
    node.name = `n${this.ids}`;
    this.set(node, "healthy");
  }

  /** The addresses that answer no process. */
  failing(): string[] {
    return [...this.left, ...[...this.notAnswering].map(({ address }) => address)];
  }

  /** What becomes of a request that is sent on a new connection now, as far as it is clear at once. */
  requestNow(process: SimProcess, address: string): "answered" | "refused" | "silent" {
    const way = this.network.way(process.name, address);
    const node = this.at(address);
    if (way === "cut" || node === undefined) return "silent";
    if (way === "refused" || node.state === "crashed") return "refused";
    return node.answers ? "answered" : "silent";
  }

  /** Since when this process has been able to reach the node without a gap; undefined while it cannot. */
  reachableSinceMs(process: SimProcess, node: SearchNode): number | undefined {
    const openSinceMs = this.network.openSinceMs(process.name, node.address);
    if (openSinceMs === undefined || node.answersSinceMs === undefined) return undefined;
    return Math.max(openSinceMs, node.answersSinceMs, process.lastStoppedMs);
  }

  /** Asks the node at an address, on a new connection. */
  ask(process: SimProcess, address: string, path: string, receive: (reply: Reply) => void): void {
    let isDone = false;
    for (const laterMs of resentAfterMs) {
      this.world.after(laterMs + this.network.delayMs(), () => {
        if (!isDone) isDone = this.arrive(process, address, path, receive);
      });
    }
  }

  /** Whether the packet has reached a machine. */
  private arrive(process: SimProcess, address: string, path: string, receive: (reply: Reply) => void): boolean {
    const node = this.at(address);
    const way = this.network.way(process.name, address);
    if (way === "cut" || node === undefined || node.state === "silent") return false;
    const reply = (what: Reply, afterMs: number) => {
      this.world.after(afterMs + this.network.delayMs(), () => {
        // What was on its way when the line was cut is lost with the connection.
        if (this.network.way(process.name, address) === "open") process.deliver(() => receive(what));
        else if (what.kind === "refused") process.deliver(() => receive(what));
      });
    };
    if (way === "refused" || node.state === "crashed") {
      reply({ kind: "refused" }, 0);
      return true;
    }
    const isList = path !== "/";
    const workMs = node.state === "slow" ? 300 + this.random() * 400 : 1 + this.random() * 15;
    this.world.after(workMs, () => {
      if (!node.answers || node.address !== address) return;
      reply({ kind: "answered", isList, body: isList ? this.list() : rootOf(node) }, 0);
    });
    return true;
  }

  private list(): string {
    const listed = this.nodes.filter(({ isListed }) => isListed);
    const key = listed.map((node) => node.key).join();
    if (key !== this.listed) {
      this.listed = key;
      const nodes = listed.map(({ id, name, address }) => {
        return [id, { name, roles: ["data", "ingest"], version: "2.19.1", http: { publish_address: address } }];
      });
      const total = listed.length;
      const counts = { total, successful: total, failed: 0 };
      this.listBody = JSON.stringify({ _nodes: counts, cluster_name: "logs", nodes: Object.fromEntries(nodes) });
    }
    return this.listBody;
  }

  private newHost(): string {
    const number = ++this.hosts;
    return `10.0.${Math.floor(number / 250)}.${(number % 250) + 1}`;
  }
}

function rootOf({ name }: SearchNode): string {
  return JSON.stringify({ name, cluster_name: "logs", cluster_uuid: uuid, version: { number: "2.19.1" } });
}
