import { EventEmitter } from "node:events";
import { RedisDataId } from "#coordinator/store/redis-data-id";
import type { Network } from "./network.js";
import type { SimProcess } from "./sim-process.js";
import type { RedisCommand, RedisPeer, SimRedis } from "./sim-redis.js";
import type { World } from "./world.js";

/** As `redis-clients.ts` sets ioredis. */
const commandTimeoutMs = 1_000;
const socketTimeoutMs = 5_000;
const connectTimeoutMs = 2_000;
const reconnectMs = { min: 25, max: 1_500 };

/** What carries one connection; another takes its place when it is lost. */
interface Line {
  readonly peer: RedisPeer;
  isOpen: boolean;
  /** Commands whose answers have not come, whether or not a caller still waits for them. */
  unanswered: number;
  readonly up: Direction;
  readonly down: Direction;
}

/** Packets of one connection arrive in the order in which they were sent. */
interface Direction {
  readonly onTheWay: (() => void)[];
  busyUntilMs: number;
}

interface Owed {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * What the store uses of ioredis, over the simulated network. Commands are sent once and fail after a second, though
 * they may still be carried out. A connection with a pending reply and no traffic for 5 s is replaced.
 */
export class SimRedisClient extends EventEmitter {
  status: "connecting" | "ready" | "reconnecting" | "end" = "connecting";
  readonly isCluster = false;
  /** Where ioredis has it. */
  readonly connector = { dataId: new RedisDataId() };
  private line: Line | undefined;
  private readonly owed = new Set<Owed>();
  private cancelSocketTimer: (() => void) | undefined;

  constructor(
    private readonly world: World,
    private readonly process: SimProcess,
    private readonly network: Network,
    private readonly redis: SimRedis,
  ) {
    super();
    process.onDeath(() => this.disconnect());
    this.connect();
  }

  ping(): Promise<unknown> {
    return this.send({ name: "ping" });
  }

  time(): Promise<unknown> {
    return this.send({ name: "time" });
  }

  getrangeBuffer(key: string, _start: number, end: number): Promise<unknown> {
    return this.send({ name: "getrange", key, end });
  }

  subscribe(...channels: string[]): Promise<unknown> {
    return this.send({ name: "subscribe", channels });
  }

  unsubscribe(...channels: string[]): Promise<unknown> {
    return this.send({ name: "unsubscribe", channels });
  }

  publish(channel: string, message: string): Promise<unknown> {
    return this.send({ name: "publish", channel, message: asBytes(message) });
  }

  /** As ioredis does, the script becomes a method. */
  defineCommand(name: string, { numberOfKeys }: { readonly numberOfKeys: number }): void {
    const script = name.replace(/^rollcall/, "").toLowerCase();
    Object.assign(this, {
      [name]: (...parameters: readonly (string | number | Buffer)[]) => {
        const texts = parameters.map((one) => asBytes(one));
        const [keys, args] = [texts.slice(0, numberOfKeys), texts.slice(numberOfKeys)];
        return this.send({ name: "script", script, keys, args });
      },
    });
  }

  disconnect(reconnect = false): void {
    if (this.status === "end") return;
    if (reconnect) return this.lost();
    this.status = "end";
    this.drop();
    this.emit("end");
  }

  private connect(): void {
    const { process, network, redis, world } = this;
    if (this.status === "end") return;
    this.status = "connecting";
    let isOver = false;
    const fail = (code: string) => {
      if (isOver) return;
      isOver = true;
      cancel();
      this.emit("error", Object.assign(new Error(code), { code }));
      this.lost();
    };
    const cancel = process.after(connectTimeoutMs, () => fail("ETIMEDOUT"));
    world.after(network.delayMs(), () => {
      const way = network.way(process.name, "redis");
      if (way === "cut" || isOver) return;
      world.after(network.delayMs(), () =>
        process.deliver(() => {
          if (isOver || this.status === "end") return;
          const line = this.newLine();
          if (way === "refused" || !redis.connect(line.peer)) return fail("ECONNREFUSED");
          isOver = true;
          cancel();
          this.line = line;
          this.connector.dataId.note(redis.ids);
          this.status = "ready";
          this.emit("ready");
        }),
      );
    });
  }

  private newLine(): Line {
    const line: Line = {
      isOpen: true,
      unanswered: 0,
      up: { onTheWay: [], busyUntilMs: 0 },
      down: { onTheWay: [], busyUntilMs: 0 },
      peer: {
        process: this.process.name,
        push: (channel, message) => {
          this.carry(line, "down", () => {
            this.noteReceived(line);
            this.emit("messageBuffer", Buffer.from(channel), Buffer.from(message, "latin1"));
          });
        },
        ended: () => {
          this.carry(line, "down", () => {
            this.emit("error", Object.assign(new Error("reset"), { code: "ECONNRESET" }));
            this.lost();
          });
        },
      },
    };
    return line;
  }

  /** Brings something over the connection: in order, late where the way is cut, and never where it is over by then. */
  private carry(line: Line, direction: "up" | "down", arrive: () => void): void {
    line[direction].onTheWay.push(arrive);
    this.carryNext(line, direction);
  }

  private carryNext(line: Line, direction: "up" | "down"): void {
    const { network, process, world } = this;
    const way = line[direction];
    network.whenNotCut(process.name, "redis", () => {
      way.busyUntilMs = Math.max(world.nowMs() + network.delayMs(), way.busyUntilMs);
      world.after(way.busyUntilMs - world.nowMs(), () => {
        if (network.way(process.name, "redis") === "cut") return this.carryNext(line, direction);
        const arrive = way.onTheWay.shift();
        if (arrive === undefined) return;
        if (direction === "up") return arrive();
        process.deliver(() => {
          if (line.isOpen) arrive();
        });
      });
    });
  }

  private send(command: RedisCommand): Promise<unknown> {
    const { line, process, redis } = this;
    if (line === undefined || this.status !== "ready") {
      return Promise.reject(new Error("Stream isn't writeable and enableOfflineQueue options is false"));
    }
    return new Promise((resolve, reject) => {
      const settle = (end: () => void) => {
        if (!this.owed.delete(owed)) return;
        cancel();
        end();
      };
      const owed: Owed = {
        resolve: (value) => settle(() => resolve(value)),
        reject: (error) => settle(() => reject(error)),
      };
      const cancel = process.after(commandTimeoutMs, () => owed.reject(new Error("Command timed out")));
      this.owed.add(owed);
      line.unanswered++;
      this.watchSocket(line);
      this.carry(line, "up", () => {
        redis.take(line.peer, command, (value) => {
          this.carry(line, "down", () => {
            line.unanswered--;
            this.noteReceived(line);
            owed.resolve(value);
          });
        });
      });
    });
  }

  private watchSocket(line: Line): void {
    if (this.cancelSocketTimer !== undefined) return;
    this.cancelSocketTimer = this.process.after(socketTimeoutMs, () => {
      this.cancelSocketTimer = undefined;
      if (this.line !== line) return;
      this.emit("error", new Error("Socket timeout. Expecting data, but didn't receive any in 5000ms."));
      this.lost();
    });
  }

  private noteReceived(line: Line): void {
    this.stopWatching();
    if (line.unanswered > 0) this.watchSocket(line);
  }

  private stopWatching(): void {
    this.cancelSocketTimer?.();
    this.cancelSocketTimer = undefined;
  }

  private lost(): void {
    if (this.status === "end") return;
    this.drop();
    this.status = "reconnecting";
    this.emit("close");
    const { min, max } = reconnectMs;
    this.process.after(min + this.process.random() * (max - min), () => this.connect());
  }

  private drop(): void {
    this.stopWatching();
    const { line } = this;
    this.line = undefined;
    if (line !== undefined) {
      line.isOpen = false;
      this.redis.leave(line.peer);
    }
    for (const owed of [...this.owed]) owed.reject(new Error("Connection is closed."));
  }
}

/** As the other side has it: one character a byte. */
function asBytes(value: string | number | Buffer): string {
  return (Buffer.isBuffer(value) ? value : Buffer.from(`${value}`)).toString("latin1");
}
