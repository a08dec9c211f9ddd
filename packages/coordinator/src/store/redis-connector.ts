import { Socket } from "node:net";
import type { Timers } from "@rollcall/core";
import { AbstractConnector, type Redis, type RedisOptions, SentinelConnector } from "ioredis";
import type { NameCache } from "../cluster/name-cache.js";
import { OpeningStream } from "./opening-stream.js";
import { RedisDataId } from "./redis-data-id.js";
import { RedisDialler, type RedisTarget, type SilentAddresses } from "./redis-dialler.js";
import type { RedisPassword } from "./redis-password.js";
import { NoServerNamed, problemError } from "./redis-problem.js";

export interface ConnectorParts {
  readonly names: NameCache;
  readonly timers: Timers;
  /** Of all connections of one client: that of a cluster makes new connectors for each attempt. */
  readonly silent: SilentAddresses;
  /** Renewed before each connection to a server; a Sentinel's is another. */
  readonly password?: RedisPassword | undefined;
  /** Gets each client that a connector makes to ask a Sentinel, before it connects. */
  readonly prepareSentinel: (client: Redis) => void;
}

/** What ioredis takes as its option `Connector`. */
type ConnectorClass = NonNullable<RedisOptions["Connector"]>;

/** Connectors that open connections with a {@link RedisDialler}, for one server or for the one that Sentinels name. */
export function connectorClass({ sentinels }: RedisOptions, parts: ConnectorParts): ConnectorClass {
  if (!sentinels)
    return class extends ServerConnector {
      constructor(options: unknown) {
        super(options as RedisOptions, parts);
      }
    };
  return class extends SentinelsConnector {
    constructor(options: unknown) {
      super(options as RedisOptions, parts);
    }
  };
}

/** ioredis would wait for a closed connection to close, which keeps the process alive for that time. */
function forgetClosed(connector: AbstractConnector): void {
  const stream: unknown = Reflect.get(connector, "stream");
  if (stream instanceof Socket && stream.destroyed) Reflect.deleteProperty(connector, "stream");
}

class ServerConnector extends AbstractConnector {
  readonly dataId = new RedisDataId();
  private readonly opening: OpeningStream;

  constructor(
    private readonly options: RedisOptions,
    private readonly parts: ConnectorParts,
  ) {
    super(options.disconnectTimeout ?? 0);
    this.opening = new OpeningStream(new RedisDialler(parts.names, parts.timers, parts.silent));
  }

  override async connect(): Promise<Socket> {
    const stream = await this.opening.open(
      async () => {
        await this.parts.password?.renew();
        return this.options;
      },
      (error) => {
        this.firstError = error;
      },
    );
    this.stream = stream;
    return stream;
  }

  override check(info: Parameters<AbstractConnector["check"]>[0]): boolean {
    this.dataId.note(info);
    return super.check(info);
  }

  override disconnect(): void {
    this.opening.giveUp();
    forgetClosed(this);
    super.disconnect();
  }
}

/** Asks the Sentinels in turn, as ioredis does; how they are asked and what they answer stays its own. */
class SentinelsConnector extends SentinelConnector {
  readonly dataId = new RedisDataId();
  private readonly opening: OpeningStream;
  /** Why the Sentinel that was asked last named no server. */
  private refusal: unknown;

  constructor(
    options: RedisOptions,
    private readonly parts: ConnectorParts,
  ) {
    super(options);
    this.opening = new OpeningStream(new RedisDialler(parts.names, parts.timers, parts.silent));
    const clientFor = this.inherited("connectToSentinel");
    const { password: _, ...others } = parts;
    const Connector = connectorClass({}, others);
    Reflect.set(this, "connectToSentinel", (sentinel: unknown, more: object | undefined) => {
      const client = clientFor(sentinel, { ...more, disconnectTimeout: options.disconnectTimeout, Connector }) as Redis;
      parts.prepareSentinel(client);
      // What waits for the connection learns no more than that there is none.
      client.on("error", (error: unknown) => {
        this.refusal = error;
      });
      return client;
    });
  }

  override async connect(): Promise<Socket> {
    this.connecting = true;
    const stream = await this.opening.open(
      () => this.named(),
      (error) => {
        this.firstError = error;
      },
    );
    this.stream = stream;
    if (!stream.destroyed) void this.inherited("initFailoverDetector")();
    return stream;
  }

  override check(info: Parameters<SentinelConnector["check"]>[0]): boolean {
    this.dataId.note(info);
    return super.check(info);
  }

  override disconnect(): void {
    this.opening.giveUp();
    forgetClosed(this);
    super.disconnect();
  }

  /** The server by the next Sentinel that names one. All are asked at least once before this rejects. */
  private async named(): Promise<RedisTarget> {
    await this.parts.password?.renew();
    const { enableTLSForSentinelMode, tls } = this.options;
    for (let rounds = 0; rounds < 2; ) {
      const { done, value } = this.sentinelIterator.next();
      if (done) {
        rounds++;
        this.sentinelIterator.reset(false);
        continue;
      }
      const server = await this.ask(value);
      if (server !== null) return { ...server, tls: enableTLSForSentinelMode ? tls : undefined };
    }
    throw new NoServerNamed(this.refusal);
  }

  private async ask(sentinel: unknown): Promise<RedisTarget | null> {
    this.refusal = undefined;
    try {
      const server = (await this.inherited("resolve")(sentinel)) as RedisTarget | null;
      if (server === null) this.refusal = problemError("it has no primary of that `name`");
      return server;
    } catch (error) {
      this.refusal ??= error;
      return null;
    }
  }

  /** A method of ioredis that its types keep to themselves. */
  private inherited(name: string): (...given: unknown[]) => unknown {
    const method: unknown = Reflect.get(this, name);
    if (typeof method !== "function") throw new TypeError(`ioredis' SentinelConnector has no ${name}()`);
    return (...given) => Reflect.apply(method, this, given);
  }
}
