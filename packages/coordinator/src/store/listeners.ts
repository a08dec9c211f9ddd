import type { Unsubscribe } from "./view-store.js";

/** Who wants to hear of one kind of thing. Whoever is told may add and remove listeners meanwhile. */
export class Listeners<Event> {
  private readonly listeners = new Set<{ readonly hear: (event: Event) => void }>();

  get size(): number {
    return this.listeners.size;
  }

  add(hear: (event: Event) => void): Unsubscribe {
    const listener = { hear };
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  tell(event: Event): void {
    for (const { hear } of [...this.listeners]) hear(event);
  }
}
