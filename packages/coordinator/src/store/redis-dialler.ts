import type { LookupAddress } from "node:dns";
import { createConnection, isIP, type Socket } from "node:net";
import { type ConnectionOptions, connect } from "node:tls";
import type { Timers } from "@rollcall/core";
import { plainName } from "@rollcall/core/access";
import { type Dialled, dialFirst, inTurn } from "../cluster/dial-first.js";
import type { NameCache } from "../cluster/name-cache.js";

/** Where one Redis or Sentinel listens, as ioredis' options say it. */
export interface RedisTarget {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  /** 4 or 6: addresses of no other family are dialled. */
  readonly family?: number | undefined;
  /** A Unix socket, in place of host and port. */
  readonly path?: string | undefined;
  /** Given: TLS, with these options. Host and port in it count before those above. */
  readonly tls?: ConnectionOptions | undefined;
}

/** Addresses whose last connection ended without a byte. */
export type SilentAddresses = Set<string>;
const silentMax = 64;

/** Time for TCP and TLS together, at each address. Short, so that a server that comes back is found within 5 s. */
export const connectTimeoutMs = 2_000;

/**
 * Opens connections to a Redis as they are opened to a node: the lookup of its name has its own time, the addresses
 * that the resolver gave last serve on, and attempts at several addresses overlap. An address whose last connection ended
 * without a byte is tried last: a frozen server accepts connections, too.
 *
 * No socket of it keeps the process alive, and an error of one without a listener does not end the process.
 */
export class RedisDialler {
  /** That of the address which was connected last: it is tried first. */
  private lastFamily: number | undefined;

  constructor(
    private readonly names: NameCache,
    private readonly timers: Timers,
    private readonly silent: SilentAddresses = new Set(),
  ) {}

  /**
   * Resolves with a connection that is open, TLS included.
   *
   * @throws Error of the lookup, or of the last attempt that failed; the signal's reason once it is aborted
   */
  async dial(target: RedisTarget, signal: AbortSignal): Promise<Socket> {
    const { path, host, port, family } = { ...target, ...target.tls };
    const name = host ?? "localhost";
    const addresses = path ? [{ address: name, family: 0 }] : await this.resolve(name, family, signal);
    return this.dialAll(addresses, signal, (address, dialled) =>
      this.dialOne(path ? { path } : { host: address, port: port ?? 6_379 }, name, target.tls, dialled),
    );
  }

  private resolve(host: string, family: number | undefined, signal: AbortSignal): Promise<readonly LookupAddress[]> {
    return abortable(signal, (resolve, reject) => {
      const found = (error: Error | null, addresses: readonly LookupAddress[]) => {
        const usable = family ? addresses.filter((address) => address.family === family) : addresses;
        if (usable.length > 0) resolve(usable);
        else reject(error ?? failure("ENOTFOUND", `${host} has no address of family ${family}`));
      };
      if (isIP(host) !== 0) found(null, [{ address: host, family: family || isIP(host) }]);
      else this.names.resolve(host, [], found);
      return reject;
    });
  }

  private dialAll(
    addresses: readonly LookupAddress[],
    signal: AbortSignal,
    dial: (address: string, dialled: Dialled) => Socket,
  ): Promise<Socket> {
    return abortable(signal, (resolve, reject) =>
      dialFirst(
        this.silentLast(inTurn(addresses, this.lastFamily)),
        ({ address }, dialled) => dial(address, dialled),
        this.timers,
        (error, socket, address) => {
          if (socket === null) return reject(error);
          this.lastFamily = address?.family;
          if (address !== undefined && addresses.length > 1) this.watch(socket, address.address);
          resolve(socket);
        },
      ),
    );
  }

  private silentLast(addresses: readonly LookupAddress[]): readonly LookupAddress[] {
    const isSilent = ({ address }: LookupAddress) => this.silent.has(address);
    return [...addresses.filter((one) => !isSilent(one)), ...addresses.filter(isSilent)];
  }

  private watch(socket: Socket, address: string): void {
    socket.once("close", () => {
      if (socket.bytesRead > 0) this.silent.delete(address);
      else if (this.silent.size < silentMax) this.silent.add(address);
    });
  }

  private dialOne(
    place: { readonly path: string } | { readonly host: string; readonly port: number },
    host: string,
    tls: ConnectionOptions | undefined,
    dialled: Dialled,
  ): Socket {
    const name = plainName(host);
    // No server is called by its number: there the certificate is compared with the address.
    const servername = isIP(name) === 0 ? name : "";
    const socket = tls === undefined ? createConnection(place) : connect({ servername, ...tls, ...place });
    const cancel = this.timers.after(connectTimeoutMs, () =>
      socket.destroy(failure("ETIMEDOUT", `no connection within ${connectTimeoutMs} ms`)),
    );
    let isOver = false;
    const end = (error: Error | null) => {
      if (isOver) return;
      isOver = true;
      cancel();
      dialled(error, error === null ? socket : null);
    };
    socket.once(tls === undefined ? "connect" : "secureConnect", () => end(null));
    socket.on("error", end).once("close", () => end(failure("ECONNRESET", "closed before it was open")));
    return socket.unref();
  }
}

/** Runs until it has a result, or the signal is aborted: then what `begin` returns gets the reason. */
function abortable<T>(
  signal: AbortSignal,
  begin: (resolve: (value: T) => void, reject: (reason: unknown) => void) => (reason: Error) => void,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    signal.throwIfAborted();
    const giveUp = begin(resolve, reject);
    signal.addEventListener("abort", () => giveUp(failure("ERR_CLOSED", "closed before it was open")), { once: true });
  });
}

function failure(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
