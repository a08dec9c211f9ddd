/** What ends when its caller's signal fires. */
export interface Abortable {
  abort(): void;
}

/**
 * What waits on each signal. A signal has one listener, however many requests and tasks share it: Node warns of a leak
 * from the eleventh on. The last one to end takes the listener away.
 */
const waiting = new WeakMap<AbortSignal, Set<Abortable>>();

/** The item is aborted once if the signal fires before {@link removeAbortable}. */
export function addAbortable(signal: AbortSignal, item: Abortable): void {
  const items = waiting.get(signal);
  if (items !== undefined) {
    items.add(item);
    return;
  }
  waiting.set(signal, new Set([item]));
  signal.addEventListener("abort", fired, { once: true });
}

export function removeAbortable(signal: AbortSignal, item: Abortable): void {
  const items = waiting.get(signal);
  if (items === undefined || !items.delete(item) || items.size > 0) return;
  waiting.delete(signal);
  signal.removeEventListener("abort", fired);
}

function fired({ target }: Event): void {
  const signal = target as AbortSignal;
  const items = waiting.get(signal);
  waiting.delete(signal);
  for (const item of items ?? []) item.abort();
}
