/** Ends a subscription. Calling it again does nothing. */
export type Unsubscribe = () => void;

/**
 * The listeners of one kind of event.
 *
 * `emit` calls each listener that is registered when it begins; listeners may be added and removed meanwhile. A
 * listener that throws neither stops the others nor reaches the caller: its error goes to `onError`.
 */
export class Listeners<Event> {
  private readonly listeners = new Set<{ readonly call: (event: Event) => void }>();

  /** @param onError by default throws the error on its own, as an uncaught exception: like `EventTarget` */
  constructor(private readonly onError: (error: unknown) => void = throwLater) {}

  get size(): number {
    return this.listeners.size;
  }

  add(call: (event: Event) => void): Unsubscribe {
    const listener = { call };
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  }

  emit(event: Event): void {
    for (const { call } of [...this.listeners]) {
      try {
        call(event);
      } catch (error) {
        this.onError(error);
      }
    }
  }
}

function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
