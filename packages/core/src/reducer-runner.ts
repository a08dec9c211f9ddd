import type { Timers } from "./clock.js";

/** A state machine as pure functions: what an event makes of the state, and when time itself is the next event. */
export interface Reducer<State, Event, Effect> {
  /** Returns the same state if the event changes nothing. Time and chance come in from outside. */
  readonly next: (state: State, event: Event, nowMs: number) => readonly [State, readonly Effect[]];
  /** When {@link Reducer.tick} is due, on the monotonic clock; undefined while no deadline is pending. */
  readonly dueMs: (state: State) => number | undefined;
  readonly tick: Event;
}

/** What a runner does beside keeping the state. */
export interface ReducerRunnerOptions<State, Effect> {
  readonly timers: Timers;
  /** Carries out one effect. It may send further events: they are processed after all effects of this event. */
  readonly carryOut: (effect: Effect) => void;
  /** Called once after each event, when its effects have been carried out; `before` may be the same state. */
  readonly changed?: (state: State, before: State) => void;
}

/**
 * Runs one reducer: keeps its state, carries out its effects and wakes it when it is due.
 *
 * An event runs to completion before the next begins: one that is sent while another is being processed waits in an
 * inbox. After `close` every event is ignored.
 */
export class ReducerRunner<State, Event, Effect> {
  private readonly inbox: Event[] = [];
  private running = false;
  private closed = false;
  private cancelTimer = () => {};

  constructor(
    private current: State,
    private readonly reducer: Reducer<State, Event, Effect>,
    private readonly options: ReducerRunnerOptions<State, Effect>,
  ) {
    this.wakeWhenDue();
  }

  get state(): State {
    return this.current;
  }

  send(event: Event): void {
    if (this.closed) return;
    this.inbox.push(event);
    if (this.running) return;
    this.running = true;
    try {
      for (let next = this.inbox.shift(); next !== undefined && !this.closed; next = this.inbox.shift())
        this.process(next);
    } finally {
      this.running = false;
      this.wakeWhenDue();
    }
  }

  close(): void {
    this.closed = true;
    this.inbox.length = 0;
    this.cancelTimer();
  }

  private process(event: Event): void {
    const before = this.current;
    const [state, effects] = this.reducer.next(before, event, this.options.timers.nowMs());
    this.current = state;
    for (const effect of effects) this.options.carryOut(effect);
    this.options.changed?.(state, before);
  }

  private wakeWhenDue(): void {
    this.cancelTimer();
    const dueMs = this.reducer.dueMs(this.current);
    if (this.closed || dueMs === undefined || dueMs === Number.POSITIVE_INFINITY) return;
    const { timers } = this.options;
    this.cancelTimer = timers.after(dueMs - timers.nowMs(), () => this.send(this.reducer.tick));
  }
}
