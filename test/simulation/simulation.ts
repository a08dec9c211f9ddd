import type { ViewStore } from "@rollcall/coordinator";
import { parsePoolConfig } from "@rollcall/core/config";
import { seededRandom } from "@rollcall/testing";
import { CoordinatorProcess } from "./coordinator-process.js";
import { openStore, type SimEnvironment } from "./environment.js";
import { Invariants, type Violation } from "./invariants.js";
import { Network } from "./network.js";
import { ReplicaProcess } from "./replica-process.js";
import { product, type Seams } from "./seams.js";
import { SearchCluster } from "./search-cluster.js";
import { SimProcess } from "./sim-process.js";
import { SimRedis } from "./sim-redis.js";
import { Story } from "./story.js";
import { World } from "./world.js";

export interface SimulationOptions {
  readonly seed: number;
  readonly nodes: number;
  readonly replicas: number;
  readonly coordinators: number;
  /** Of the replicas, how many may lead too. */
  readonly candidates: number;
  /** From each replica to each node, in a second. */
  readonly requestsPerSecond: number;
  /** All processes have the same secret. */
  readonly isSealed?: boolean;
  /** Every request is a Read, and gets a hedge where it waits. */
  readonly isHedged?: boolean;
  readonly seams?: Partial<Seams>;
}

/** A cluster, a Redis, and processes that share a view of the cluster through Redis. */
export class Simulation {
  readonly world = new World();
  readonly story = new Story(this.world);
  readonly network: Network;
  readonly cluster: SearchCluster;
  readonly redis: SimRedis;
  readonly invariants: Invariants;
  /** The randomness of the faults: which, and when. */
  readonly random;
  coordinators: CoordinatorProcess[] = [];
  replicas: ReplicaProcess[] = [];
  private readonly environment: SimEnvironment;
  private readonly processes = new Map<string, SimProcess>();
  private born = 0;

  constructor(readonly options: SimulationOptions) {
    const { world, story } = this;
    const { seed, nodes, seams: given = {} } = options;
    const seams: Seams = { ...product, ...given };
    this.random = seededRandom(seed);
    this.network = new Network(world, this.newRandom());
    this.cluster = new SearchCluster(world, this.network, this.newRandom(), nodes);
    this.invariants = new Invariants(world, this.cluster, story, () => this.redis.nowMs());
    this.redis = new SimRedis(world, this.invariants.redisWatch);
    Object.assign(this.redis.scripts, seams.scripts);
    this.invariants.know({
      processOf: (name) => this.processes.get(name),
      isLeading: (name) => this.leaders.some((process) => process.name === name),
      probesDown: (name, address) => this.replicaOf(name)?.probesDown(address) ?? false,
      isFresh: (name) => this.replicaOf(name)?.isFresh ?? false,
      viewOf: (name) => this.replicaOf(name)?.newestView,
    });
    const { network, cluster, redis, invariants } = this;
    const name = "logs";
    const poolOptions = { nodes: cluster.urls, redis: "redis://simulated", name, threads: 0 };
    const secret = options.isSealed === true ? { secret: "a secret of the simulation" } : {};
    const config = {
      ...parsePoolConfig({ ...poolOptions, ...secret }, { cores: 1, heapLimitBytes: 4_294_967_296 }),
      name,
    };
    const isHedged = options.isHedged === true;
    this.environment = { world, network, cluster, redis, story, invariants, seams, config, isHedged };
    for (let index = 0; index < options.coordinators; index++) this.addCoordinator();
    for (let index = 0; index < options.replicas; index++) this.addReplica();
  }

  get violations(): readonly Violation[] {
    return this.invariants.violations;
  }

  get leaders(): SimProcess[] {
    return [...this.coordinators, ...this.replicas].filter(({ isLeading }) => isLeading).map(({ process }) => process);
  }

  get allProcesses(): SimProcess[] {
    return [...this.coordinators, ...this.replicas].map(({ process }) => process);
  }

  addCoordinator(): void {
    const { leaderClockRate } = this.environment.seams;
    const process = this.newProcess("coordinator", leaderClockRate === 1 ? undefined : leaderClockRate);
    this.coordinators.push(new CoordinatorProcess(process, this.environment));
  }

  addReplica(): void {
    const process = this.newProcess("replica", undefined);
    const mayLead = this.replicas.filter((one) => one.mayLead).length < this.options.candidates;
    this.replicas.push(new ReplicaProcess(process, this.environment, this.options.requestsPerSecond, mayLead));
  }

  /** A store as a process of that name has it, which may lead. */
  openStore(name: string): ViewStore {
    const process = this.newProcess(name, undefined);
    return this.environment.invariants.watchLeaderStore(openStore(process, this.environment, true), process);
  }

  /** Kills a process and starts another of its kind. */
  replace(process: SimProcess): void {
    process.kill();
    const isCoordinator = this.coordinators.some((one) => one.process === process);
    this.coordinators = this.coordinators.filter((one) => one.process !== process);
    this.replicas = this.replicas.filter((one) => one.process !== process);
    this.story.add(process.name, "is killed");
    if (isCoordinator) this.addCoordinator();
    else this.addReplica();
  }

  /** Lets the time pass, up to the first violation. */
  async run(forMs: number, goesOn = () => this.violations.length === 0): Promise<void> {
    await this.world.runUntil(this.world.nowMs() + forMs, goesOn);
  }

  private replicaOf(name: string): ReplicaProcess | undefined {
    return this.replicas.find(({ process }) => process.name === name);
  }

  private newProcess(kind: string, rate: number | undefined): SimProcess {
    const process = new SimProcess(`${kind}-${++this.born}`, this.world, this.newRandom(), rate);
    this.processes.set(process.name, process);
    return process;
  }

  private newRandom() {
    return seededRandom(Math.floor(this.random() * 2 ** 32));
  }
}
