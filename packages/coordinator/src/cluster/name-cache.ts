import { type LookupAddress, lookup } from "node:dns";
import { errorCodeOf, type Timers } from "@rollcall/core";
import { fixed } from "@rollcall/core/config";

export type Resolved = (error: Error | null, addresses: readonly LookupAddress[]) => void;
/** Calls back once, after it has returned. */
export type Lookup = (name: string, done: Resolved) => void;

/** How long a connection waits for a lookup although addresses of the name are known. */
const graceMs = 200;
const { lookupTimeoutMs } = fixed;
/** Beyond that, the name that was first looked up longest ago is forgotten. */
const namesMax = 1_000;

/**
 * Looks names up, apart from the time that connecting may take.
 *
 * Every call asks the resolver anew, but no name is looked up twice at once. While the resolver is slow or away, the
 * addresses that it gave last serve on, and the lookup goes on behind them. A name that no longer exists has none.
 */
export class NameCache {
  private readonly names = new Map<string, Name>();

  constructor(
    private readonly timers: Timers,
    private readonly askResolver: Lookup = askSystem,
  ) {}

  /**
   * Calls `done` once, perhaps before this returns. An error has a `code` as `dns.lookup` gives them.
   *
   * @param known addresses of the name from elsewhere, used while this cache has none
   */
  resolve(host: string, known: readonly LookupAddress[], done: Resolved): void {
    const name = this.nameOf(host);
    if (!name.isRunning) this.lookUp(host, name);
    const served = servedFor(name, known);
    if (name.isSlow && served.length > 0) return done(null, served);

    const end = () => {
      cancel();
      name.waiting.delete(end);
      const addresses = servedFor(name, known);
      if (addresses.length > 0) return done(null, addresses);
      done(name.isRunning ? new LateLookup(host) : (name.problem ?? new LateLookup(host)), []);
    };
    const cancel = this.timers.after(served.length > 0 ? graceMs : lookupTimeoutMs, end);
    name.waiting.add(end);
  }

  private lookUp(host: string, name: Name): void {
    const beganMs = this.timers.nowMs();
    name.isRunning = true;
    const cancelGrace = this.timers.after(graceMs, () => {
      name.isSlow = true;
    });
    this.askResolver(host, (error, addresses) => {
      cancelGrace();
      name.isRunning = false;
      name.isSlow = this.timers.nowMs() - beganMs > graceMs;
      name.problem = error ?? undefined;
      name.isGone = error !== null && isFinal(error);
      if (error === null || name.isGone) name.addresses = addresses;
      for (const end of [...name.waiting]) end();
    });
  }

  private nameOf(host: string): Name {
    const known = this.names.get(host);
    if (known !== undefined) return known;
    const name: Name = {
      addresses: [],
      isGone: false,
      isRunning: false,
      isSlow: false,
      problem: undefined,
      waiting: new Set(),
    };
    const [oldest] = this.names.keys();
    if (this.names.size >= namesMax && oldest !== undefined) this.names.delete(oldest);
    this.names.set(host, name);
    return name;
  }
}

interface Name {
  /** What the resolver gave last. */
  addresses: readonly LookupAddress[];
  /** The resolver said last that there is no such name. */
  isGone: boolean;
  isRunning: boolean;
  /** The lookup that runs, else the last one, takes longer than a connection waits for news. */
  isSlow: boolean;
  problem: Error | undefined;
  readonly waiting: Set<() => void>;
}

function servedFor({ addresses, isGone }: Name, known: readonly LookupAddress[]): readonly LookupAddress[] {
  if (isGone) return [];
  return addresses.length > 0 ? addresses : known;
}

/** Not a failure of the resolver, but its answer. */
function isFinal(error: Error): boolean {
  return errorCodeOf(error) === "ENOTFOUND";
}

/** The resolver of the system. */
export function askSystem(host: string, done: Resolved): void {
  // Called by its name at each time: it may be replaced, as by an application's own cache.
  lookup(host, { all: true }, (error, addresses) => done(error, error === null ? addresses : []));
}

class LateLookup extends Error {
  readonly code = "EAI_AGAIN";
  constructor(host: string) {
    super(`the lookup of ${host} took longer than ${lookupTimeoutMs} ms`);
  }
}
