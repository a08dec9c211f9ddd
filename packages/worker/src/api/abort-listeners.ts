/**
 * What a request or task takes as its signal: an `AbortSignal`, of this realm or another, or a polyfill's. It must have
 * these members; `reason` may be missing.
 */
export interface SignalLike {
  readonly aborted: boolean;
  readonly reason?: unknown;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

export function isSignal(value: unknown): value is SignalLike {
  if (typeof value !== "object" || value === null) return false;
  const { aborted, addEventListener, removeEventListener } = value as Partial<SignalLike>;
  return (
    typeof aborted === "boolean" && typeof addEventListener === "function" && typeof removeEventListener === "function"
  );
}

/** What ends when its caller's signal fires. */
export interface Abortable {
  abort(): void;
}

interface Waiting {
  readonly items: Set<Abortable>;
  readonly fired: () => void;
}

/**
 * What waits on each signal. A signal has one listener, however many requests and tasks share it: Node warns of a leak
 * from the eleventh on. The last one to end takes the listener away.
 */
const waiting = new WeakMap<SignalLike, Waiting>();

/** The item is aborted once if the signal fires before {@link removeAbortable}. */
export function addAbortable(signal: SignalLike, item: Abortable): void {
  const known = waiting.get(signal);
  if (known !== undefined) {
    known.items.add(item);
    return;
  }
  const items = new Set([item]);
  const fired = () => {
    stopListening(signal, fired);
    for (const one of items) one.abort();
  };
  signal.addEventListener("abort", fired);
  waiting.set(signal, { items, fired });
}

export function removeAbortable(signal: SignalLike, item: Abortable): void {
  const known = waiting.get(signal);
  if (known === undefined || !known.items.delete(item) || known.items.size > 0) return;
  stopListening(signal, known.fired);
}

function stopListening(signal: SignalLike, fired: () => void): void {
  waiting.delete(signal);
  try {
    signal.removeEventListener("abort", fired);
  } catch {
    // A foreign signal's own failure: the request has its result all the same.
  }
}
