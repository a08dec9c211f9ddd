import type { Random } from "@rollcall/core";
import { redisKeys } from "@rollcall/core/view";
import type { Way } from "./network.js";
import type { SearchNode } from "./search-cluster.js";
import type { SimProcess } from "./sim-process.js";
import type { Simulation } from "./simulation.js";

/** The average time from one fault to the next. */
const betweenMs = 7_000;
/** A cluster's manager takes a node off the list within this time after it has gone. */
const unlistedWithinMs = 20_000;

/** A fault that lasts for a while, and how it ends. */
type Fault = (simulation: Simulation, random: Random) => { readonly lastsMs: number; readonly mend: () => void };

/** Every fault there is. */
const faults: readonly Fault[] = [
  // Nodes.
  (simulation, random) => nodeFault(simulation, random, "crashed"),
  (simulation, random) => nodeFault(simulation, random, "crashed"),
  (simulation, random) => nodeFault(simulation, random, "silent"),
  (simulation, random) => nodeFault(simulation, random, "slow"),
  flapping,
  manyNodes,
  anotherAddress,
  anotherNode,
  unlisted,
  // Ways.
  (simulation, random) => oneWay(simulation, random, simulation.replicas),
  (simulation, random) => oneWay(simulation, random, simulation.coordinators),
  (simulation, random) => allWays(simulation, random, simulation.replicas),
  (simulation, random) => allWays(simulation, random, simulation.coordinators),
  halfOfReplicas,
  losses,
  cutFromRedis,
  manyCutFromRedis,
  // Processes.
  leaderStopped,
  stopped,
  stopped,
  killed,
  // Redis.
  redisDown,
  redisFrozen,
  redisFlushed,
  redisFailover,
];

/** Those in which the store lies: some seeds have them, too. */
const lies: readonly Fault[] = [redisClockSet, headForged];

/** Causes faults at random until then, and ends all of them. */
export class Misfortune {
  private readonly mending = new Set<() => void>();

  constructor(
    private readonly simulation: Simulation,
    private readonly random: Random,
    private readonly untilMs: number,
    private readonly withLies: boolean,
  ) {}

  start(): void {
    const { world } = this.simulation;
    const next = () => {
      const waitMs = -Math.log(1 - this.random()) * betweenMs;
      if (world.nowMs() + waitMs >= this.untilMs) return;
      world.after(waitMs, () => {
        this.strike();
        next();
      });
    };
    next();
    world.after(this.untilMs - world.nowMs(), () => {
      for (const mend of [...this.mending]) mend();
      this.simulation.story.add("world", "from now on nothing goes wrong");
    });
  }

  private strike(): void {
    const all = this.withLies ? [...faults, ...lies] : faults;
    const fault = all[Math.floor(this.random() * all.length)];
    if (fault === undefined) return;
    const { lastsMs, mend } = fault(this.simulation, this.random);
    const once = () => {
      if (this.mending.delete(once)) mend();
    };
    this.mending.add(once);
    this.simulation.world.after(lastsMs, once);
  }
}

const nothing = { lastsMs: 0, mend: () => {} };

function nodeFault(simulation: Simulation, random: Random, state: "crashed" | "silent" | "slow") {
  const node = oneOf(simulation.cluster.nodes, random);
  if (node === undefined || node.state !== "healthy") return nothing;
  breakNode(simulation, random, node, state);
  return { lastsMs: 500 + random() ** 2 * 60_000, mend: () => mendNode(simulation, node) };
}

function breakNode(
  simulation: Simulation,
  random: Random,
  node: SearchNode,
  state: "crashed" | "silent" | "slow",
): void {
  const { cluster, story, world } = simulation;
  cluster.set(node, state);
  story.add(node.key, `is ${state}`);
  if (state === "slow") return;
  const unlistedMs = random() * unlistedWithinMs;
  world.after(unlistedMs, () => {
    if (!node.answers && world.nowMs() - node.changedMs >= unlistedMs) node.isListed = false;
  });
}

function mendNode({ cluster, story }: Simulation, node: SearchNode): void {
  if (node.state === "healthy") return;
  cluster.set(node, "healthy");
  node.isListed = true;
  story.add(node.key, "is up");
}

function flapping(simulation: Simulation, random: Random) {
  const node = oneOf(simulation.cluster.nodes, random);
  if (node === undefined || node.state !== "healthy") return nothing;
  let flaps = true;
  const turn = () => {
    if (!flaps) return;
    if (node.state === "healthy") breakNode(simulation, random, node, "crashed");
    else mendNode(simulation, node);
    simulation.world.after(1_000 + random() * 5_000, turn);
  };
  turn();
  return {
    lastsMs: 10_000 + random() * 40_000,
    mend: () => {
      flaps = false;
      mendNode(simulation, node);
    },
  };
}

function manyNodes(simulation: Simulation, random: Random) {
  const state = random() < 0.5 ? "crashed" : "silent";
  const share = random() * 0.6;
  const hit = simulation.cluster.nodes.filter((node) => node.state === "healthy" && random() < share);
  for (const node of hit) breakNode(simulation, random, node, state);
  return {
    lastsMs: 1_000 + random() * 30_000,
    mend: () => {
      for (const node of hit) mendNode(simulation, node);
    },
  };
}

function anotherAddress(simulation: Simulation, random: Random) {
  const { cluster, story } = simulation;
  // The configured ones keep theirs.
  const node = oneOf(cluster.nodes.slice(3), random);
  if (node === undefined || node.state !== "healthy") return nothing;
  breakNode(simulation, random, node, "crashed");
  return {
    lastsMs: 2_000 + random() * 10_000,
    mend: () => {
      if (node.state === "healthy") return;
      cluster.move(node);
      node.isListed = true;
      story.add(node.key, "is up at another address");
    },
  };
}

function anotherNode(simulation: Simulation, random: Random) {
  const { cluster, story } = simulation;
  const node = oneOf(cluster.nodes, random);
  if (node === undefined || node.state !== "healthy") return nothing;
  breakNode(simulation, random, node, random() < 0.5 ? "crashed" : "silent");
  return {
    lastsMs: 2_000 + random() * 10_000,
    mend: () => {
      if (node.state === "healthy") return;
      cluster.replace(node);
      node.isListed = true;
      story.add(node.key, "takes another's place");
    },
  };
}

/** It leaves the cluster in order, and joins again. */
function unlisted({ cluster, story }: Simulation, random: Random) {
  const node = oneOf(cluster.nodes, random);
  if (node === undefined || node.state !== "healthy" || cluster.nodes.filter(({ isListed }) => isListed).length < 2)
    return nothing;
  node.isListed = false;
  story.add(node.key, "is no longer listed");
  return {
    lastsMs: 30_000 + random() * 60_000,
    mend: () => {
      if (node.isListed || !node.answers) return;
      node.isListed = true;
      story.add(node.key, "is listed again");
    },
  };
}

interface Owner {
  readonly process: SimProcess;
}

function oneWay({ network, cluster, story }: Simulation, random: Random, owners: readonly Owner[]) {
  const process = oneOf(owners, random)?.process;
  const address = oneOf(cluster.nodes, random)?.address;
  if (process === undefined || address === undefined) return nothing;
  const way: Way = random() < 0.5 ? "cut" : "refused";
  network.set(process.name, address, way);
  story.add(process.name, `does not reach ${address} (${way})`);
  return {
    lastsMs: 500 + random() ** 2 * 60_000,
    mend: () => {
      network.set(process.name, address, "open");
      story.add(process.name, `reaches ${address} again`);
    },
  };
}

function allWays({ network, cluster, story }: Simulation, random: Random, owners: readonly Owner[]) {
  const process = oneOf(owners, random)?.process;
  if (process === undefined) return nothing;
  const way: Way = random() < 0.5 ? "cut" : "refused";
  const addresses = cluster.nodes.map(({ address }) => address);
  for (const address of addresses) network.set(process.name, address, way);
  story.add(process.name, `reaches no node (${way})`);
  return {
    lastsMs: 500 + random() ** 2 * 60_000,
    mend: () => {
      for (const address of addresses) network.set(process.name, address, "open");
      story.add(process.name, "reaches the nodes again");
    },
  };
}

function halfOfReplicas({ network, cluster, replicas, story }: Simulation, random: Random) {
  const address = oneOf(cluster.nodes, random)?.address;
  if (address === undefined) return nothing;
  const names = replicas.filter(() => random() < 0.5).map(({ process }) => process.name);
  for (const name of names) network.set(name, address, "cut");
  story.add(address, `is not reached by ${names.join(", ")}`);
  return {
    lastsMs: 1_000 + random() * 40_000,
    mend: () => {
      for (const name of names) network.set(name, address, "open");
      story.add(address, "is reached by all again");
    },
  };
}

function losses({ network, story }: Simulation, random: Random) {
  network.loss = random() * 0.1;
  story.add("network", `loses ${Math.round(network.loss * 100)} packets in a hundred`);
  return {
    lastsMs: 5_000 + random() * 30_000,
    mend: () => {
      network.loss = 0;
      story.add("network", "loses none");
    },
  };
}

function cutFromRedis({ network, story, allProcesses }: Simulation, random: Random) {
  const process = oneOf(allProcesses, random);
  if (process === undefined) return nothing;
  network.set(process.name, "redis", "cut");
  story.add(process.name, "does not reach Redis");
  return {
    lastsMs: 200 + random() ** 2 * 90_000,
    mend: () => {
      network.set(process.name, "redis", "open");
      story.add(process.name, "reaches Redis again");
    },
  };
}

function manyCutFromRedis({ network, story, allProcesses }: Simulation, random: Random) {
  const share = random();
  const names = allProcesses.filter(() => random() < share).map(({ name }) => name);
  for (const name of names) network.set(name, "redis", "cut");
  story.add("redis", `is not reached by ${names.join(", ")}`);
  return {
    lastsMs: 200 + random() ** 2 * 60_000,
    mend: () => {
      for (const name of names) network.set(name, "redis", "open");
      story.add("redis", "is reached by all again");
    },
  };
}

/** For about as long as its lease lasts. */
function leaderStopped({ story, leaders }: Simulation, random: Random) {
  const [process] = leaders;
  if (process === undefined || process.state !== "running") return nothing;
  process.stop();
  story.add(process.name, "is stopped while it leads");
  return {
    lastsMs: 3_000 + random() * 12_000,
    mend: () => {
      story.add(process.name, "goes on");
      process.go();
    },
  };
}

function stopped({ story, coordinators, replicas }: Simulation, random: Random) {
  const process = oneOf<Owner>(random() < 0.6 ? coordinators : replicas, random)?.process;
  if (process === undefined || process.state !== "running") return nothing;
  process.stop();
  story.add(process.name, "is stopped");
  return {
    lastsMs: 100 + random() ** 3 * 30_000,
    mend: () => {
      story.add(process.name, "goes on");
      process.go();
    },
  };
}

function killed(simulation: Simulation, random: Random) {
  const process = oneOf(simulation.allProcesses, random);
  if (process !== undefined) simulation.replace(process);
  return nothing;
}

function redisDown({ redis, story }: Simulation, random: Random) {
  if (redis.state !== "up") return nothing;
  redis.die();
  story.add("redis", "is down");
  return {
    lastsMs: 500 + random() ** 2 * 90_000,
    mend: () => {
      if (redis.state !== "down") return;
      redis.revive();
      story.add("redis", "is up");
    },
  };
}

function redisFrozen({ redis, story }: Simulation, random: Random) {
  if (redis.state !== "up") return nothing;
  redis.freeze();
  story.add("redis", "is frozen");
  return {
    lastsMs: 200 + random() ** 2 * 30_000,
    mend: () => {
      if (redis.state !== "frozen") return;
      story.add("redis", "is thawed");
      redis.thaw();
    },
  };
}

function redisFlushed({ redis, story }: Simulation) {
  story.add("redis", "is flushed");
  redis.flush();
  return nothing;
}

function redisFailover({ redis, story }: Simulation, random: Random) {
  const lostMs = random() < 0.3 ? 0 : random() * 12_000;
  const aheadMs = (random() - 0.5) * 4_000;
  story.add(
    "redis",
    `fails over; the last ${Math.round(lostMs)} ms are lost, its clock is ${Math.round(aheadMs)} ms ahead`,
  );
  redis.failOver(lostMs, aheadMs);
  return nothing;
}

/** By days, in either direction; every other time back to where it was. */
function redisClockSet({ redis, story }: Simulation, random: Random) {
  const days = (random() - 0.5) * 20;
  story.add("redis", `has its clock set ${days.toFixed(1)} days ahead`);
  redis.setClock(days * 86_400_000);
  return nothing;
}

/** Another client publishes a head that readers take for the newest, under the epoch of the leader or above it. */
function headForged({ redis, story, invariants, options }: Simulation, random: Random) {
  const { head: key, events } = redisKeys("logs");
  const what = random();
  redis.forge(key, events, (text) => {
    const head = JSON.parse(text);
    const { epoch, sequence } = head.marks;
    const version =
      what < 0.6 ? { ...head.marks, sequence: sequence + 1_000 } : { epoch: epoch + 1e9, leader: "z", sequence: 1 };
    const forged = what < 0.3 ? { ...head, beat: 900_000_000 } : { ...head, marks: version, digests: undefined };
    story.add("redis", `shows a forged head: ${JSON.stringify(forged)}`);
    const marks = what < 0.3 ? undefined : { version, nodes: {} };
    if (marks !== undefined && options.isSealed !== true) invariants.judge.forged();
    return JSON.stringify({ kind: "head", head: forged, marks });
  });
  return nothing;
}

function oneOf<Item>(items: readonly Item[], random: Random): Item | undefined {
  return items[Math.floor(random() * items.length)];
}
