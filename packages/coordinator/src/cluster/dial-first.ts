import type { LookupAddress } from "node:dns";
import type { Socket } from "node:net";
import type { Timers } from "@rollcall/core";
import { fixed } from "@rollcall/core/config";

export type Dialled = (error: Error | null, socket: Socket | null) => void;

/** An attempt that takes longer is joined by one at the next address (RFC 8305, section 8). */
const overlapMs = 250;

/**
 * Dials the addresses of one host until a connection is open ("happy eyeballs", RFC 8305). Attempts overlap: none ends
 * because another has begun, and each has the whole time that `dial` gives it.
 *
 * @param addresses at least one, in the order in which they are tried
 * @param dial opens one connection and calls back once
 * @param done is called once: with the first connection that is open, or with the error of the last attempt that failed
 * @returns ends all attempts, with that reason; without effect once `done` was called
 */
export function dialFirst(
  addresses: readonly LookupAddress[],
  dial: (address: LookupAddress, done: Dialled) => Socket,
  timers: Timers,
  done: (error: Error | null, socket: Socket | null, address: LookupAddress | undefined) => void,
): (reason: Error) => void {
  const waiting = addresses.slice(0, fixed.addressesTriedMax).reverse();
  const sockets = new Set<Socket>();
  let opening = 0;
  let isOver = false;
  let cancelNext = () => {};

  const end = (error: Error | null, socket: Socket | null, address?: LookupAddress) => {
    isOver = true;
    cancelNext();
    for (const other of sockets) if (other !== socket) other.on("error", () => {}).destroy(error ?? new LostRace());
    done(error, socket, address);
  };

  const next = () => {
    cancelNext();
    const address = waiting.pop();
    if (address === undefined) return;
    opening++;
    try {
      const dialled = dial(address, (error, socket) => {
        opening--;
        if (isOver) return;
        if (error === null) return end(null, socket, address);
        if (waiting.length > 0) return next();
        if (opening === 0) end(error, null);
      });
      sockets.add(dialled);
    } catch (error) {
      // Such as a `ca` or `key` that OpenSSL cannot read: the same for every address.
      return end(error instanceof Error ? error : new Error("the connection could not be opened"), null);
    }
    if (waiting.length > 0) cancelNext = timers.after(overlapMs, next);
  };

  next();
  return (reason) => {
    if (!isOver) end(reason, null);
  };
}

/** The addresses with both families in turn, beginning with this one; those of one family keep their order. */
export function inTurn(addresses: readonly LookupAddress[], first: number | undefined): readonly LookupAddress[] {
  if (addresses.length < 2) return addresses;
  const family = first ?? addresses[0]?.family;
  const preferred = addresses.filter((address) => address.family === family);
  const others = addresses.filter((address) => address.family !== family);
  return Array.from({ length: Math.max(preferred.length, others.length) }, (_, at) => [preferred[at], others[at]])
    .flat()
    .filter((address) => address !== undefined);
}

class LostRace extends Error {
  readonly code = "ERR_CLOSED";
  constructor() {
    super("another address of the host was connected first");
  }
}
