import { badWrite, ledTooLong, readerWentBack } from "./bad-states.js";
import { forgeries } from "./forgeries.js";
import {
  change,
  connect,
  fail,
  givenUp,
  headIn,
  hear,
  processAt,
  publish,
  receive,
  see,
  send,
  wake,
} from "./process.js";
import { read } from "./reader.js";
import { runCommand } from "./redis.js";
import type { Rules } from "./rules.js";
import { type Budget, type Command, namesOfReborn, newProcess, type World } from "./state.js";

/** Time passes in steps of this length: a third of what a leader waits before it stops by itself. */
const tickMs = 2_000;
/** Of what was sent over a connection that is gone, no more may still be carried out. */
const straysMax = 2;

/** One thing that happens: what, in plain words, and the world after it. */
export interface Step {
  readonly text: string;
  readonly world: World;
  /** What must never happen, and has just happened. */
  readonly bad: string | undefined;
}

export interface Setting {
  readonly rules: Rules;
  readonly budget: Budget;
  /** By how much the clock of a server that takes over may differ, in milliseconds. */
  readonly clocksMs: readonly number[];
}

/** What one step does to a copy of the world. A text that it gives is what must never happen. */
type Change = (copy: World) => unknown;

/** Everything that can happen next: what is hoped for, and every fault that the budget still allows. */
export function* stepsFrom(world: World, setting: Setting): Generator<Step> {
  const { rules } = setting;
  for (const at of world.processes.keys()) {
    yield* answers(world, at, rules);
    yield* life(world, at, rules);
    yield* news(world, at, rules);
  }
  yield after(world, "the reader reads the view", (copy) => read(copy, rules));
  if (world.budget.failovers > 0) yield* failovers(world, setting);
  if (world.budget.forgeries > 0) {
    for (const { text, forge } of forgeries) {
      yield after(world, `another client forges ${text}`, (copy) => {
        spend(copy, "forgeries");
        forge(copy, rules);
      });
    }
  }
  if (isSettled(world)) yield passTime(world, rules);
}

/** What becomes of the commands that a process has sent. */
function* answers(world: World, at: number, rules: Rules): Generator<Step> {
  const { sent, strays, name, isRunning } = processAt(world, at);
  const [next] = sent;
  if (next !== undefined) yield carriedOut(world, at, rules);
  if (strays.length > 0) yield strayCarriedOut(world, at, rules);
  if (next?.isLate === true && isRunning) {
    yield after(world, `${name} replaces its connection`, (copy) => {
      change(copy, at, { sent: [], strays: [...strays, ...sent].slice(0, straysMax) });
      for (const command of sent) if (!command.isLate) fail(copy, at, command, rules);
      connect(copy, at, rules);
    });
  }
  const pending = sent.findIndex(({ isLate }) => !isLate);
  const waiting = sent[pending];
  if (waiting === undefined || !isRunning) return;
  const isStuck = pending > 0;
  if (!isStuck && world.budget.losses === 0) return;
  yield after(world, `${name} waits no longer for: ${textOf(waiting)}`, (copy) => {
    if (!isStuck) spend(copy, "losses");
    change(copy, at, { sent: givenUp(sent, pending) });
    fail(copy, at, waiting, rules);
  });
  if (isStuck) return;
  yield after(world, `Redis carries out for ${name}, and the reply is lost: ${textOf(waiting)}`, (copy) => {
    spend(copy, "losses");
    const bad = execute(copy, at, rules, false);
    fail(copy, at, waiting, rules);
    return bad;
  });
}

/** A process stops, goes on, dies, connects. */
function* life(world: World, at: number, rules: Rules): Generator<Step> {
  const { name, isRunning, isConnected, sent, strays } = processAt(world, at);
  if (!isRunning) yield goesOn(world, at, rules);
  else if (!isConnected) yield connects(world, at, rules);
  if (isRunning && isConnected && world.budget.cuts > 0) {
    yield after(world, `the connection of ${name} breaks`, (copy) => {
      spend(copy, "cuts");
      change(copy, at, { sent: [], strays: [...strays, ...sent].slice(0, straysMax), isConnected: false });
      for (const command of sent) if (!command.isLate) fail(copy, at, command, rules);
    });
  }
  if (isRunning && world.budget.pauses > 0) {
    yield after(world, `${name} stands still`, (copy) => {
      spend(copy, "pauses");
      change(copy, at, { isRunning: false });
    });
  }
  const next = namesOfReborn.find((one) => world.processes.every((process) => process.name < one));
  if (world.budget.rebirths > 0 && next !== undefined) {
    yield after(world, `${name} dies, and ${next} begins in its place`, (copy) => {
      spend(copy, "rebirths");
      copy.processes = copy.processes.map((one, index) =>
        index === at ? newProcess(next, copy.nowMs, copy.primary) : one,
      );
    });
  }
}

/** What a process learns, and what it has to tell. */
export function* news(world: World, at: number, rules: Rules): Generator<Step> {
  const { name, isRunning, isConnected, candidate, held, sent } = processAt(world, at);
  if (!isRunning || !isConnected) return;
  const head = headIn(world);
  if (head !== undefined) yield after(world, `${name} reads the head`, (copy) => see(copy, at, head, rules));
  if (candidate.state !== "leading") return;
  yield after(world, `${name} receives a heartbeat of the reader`, (copy) => hear(copy, at, rules));
  const isFree = sent.length === 0 && held !== undefined && held.published > 0 && !held.isPublishing;
  if (isFree && held.sequence <= world.budget.changes) {
    yield after(world, `${name} has something new to publish`, (copy) => publish(copy, at, rules));
  }
}

function* failovers(world: World, { rules, clocksMs }: Setting): Generator<Step> {
  if (world.replica !== world.values) {
    yield after(world, "the replica of Redis receives all writes so far", (copy) => {
      copy.replica = copy.values;
    });
  }
  for (const clockMs of clocksMs) {
    const clock =
      clockMs === 0 ? "" : `, whose clock is ${Math.abs(clockMs) / 1_000} s ${clockMs < 0 ? "behind" : "ahead"}`;
    yield after(world, `Redis fails over to its replica${clock}`, (copy) => {
      spend(copy, "failovers");
      copy.values = copy.replica;
      copy.redisAheadMs += clockMs;
      copy.primary++;
      copy.processes = copy.processes.map((process) => ({ ...process, sent: [], strays: [], isConnected: false }));
      for (const [at, { sent, isRunning }] of world.processes.entries()) {
        if (isRunning) for (const command of sent) if (!command.isLate) fail(copy, at, command, rules);
      }
    });
  }
}

export function carriedOut(world: World, at: number, rules: Rules): Step {
  const { sent, name } = processAt(world, at);
  const [next] = sent;
  const text = next === undefined ? "" : `${next.isLate ? " late" : ""}: ${textOf(next)}`;
  return after(world, `Redis carries out for ${name}${text}`, (copy) => execute(copy, at, rules, true));
}

export function strayCarriedOut(world: World, at: number, rules: Rules): Step {
  const { strays, name } = processAt(world, at);
  const [command, ...others] = strays;
  const text = command === undefined ? "" : `: ${textOf(command)}`;
  return after(world, `Redis carries out for ${name}, of its old connection${text}`, (copy) => {
    change(copy, at, { strays: others });
    return command === undefined ? undefined : carryOut(copy, at, command, rules).bad;
  });
}

export function goesOn(world: World, at: number, rules: Rules): Step {
  return after(world, `${processAt(world, at).name} goes on`, (copy) => {
    change(copy, at, { isRunning: true });
    wake(copy, at, rules);
  });
}

export function connects(world: World, at: number, rules: Rules): Step {
  return after(world, `${processAt(world, at).name} connects to Redis again`, (copy) => connect(copy, at, rules));
}

export function passTime(world: World, rules: Rules): Step {
  return after(world, `${tickMs / 1_000} s pass`, (copy) => {
    copy.nowMs += tickMs;
    for (const [at, { isRunning }] of copy.processes.entries()) {
      if (isRunning) send(copy, at, { type: "tick" }, rules);
    }
    return ledTooLong(copy);
  });
}

/** No process that runs waits for a reply: replies come sooner than time passes, or are lost. */
export function isSettled(world: World): boolean {
  return world.processes.every(({ isRunning, sent }) => !isRunning || sent.every(({ isLate }) => isLate));
}

function execute(world: World, at: number, rules: Rules, isAnswered: boolean): string | undefined {
  const { sent, isRunning, replies } = processAt(world, at);
  const [command, ...others] = sent;
  if (command === undefined) return undefined;
  change(world, at, { sent: others });
  const { answer, bad } = carryOut(world, at, command, rules);
  if (isAnswered && !command.isLate) {
    const reply = { to: command, answer };
    if (isRunning) receive(world, at, reply, rules);
    else change(world, at, { replies: [...replies, reply] });
  }
  return bad;
}

function carryOut(world: World, at: number, command: Command, rules: Rules) {
  const { name } = processAt(world, at);
  const before = headIn(world);
  const answer = runCommand(world, name, command, rules);
  if (command.kind === "acquire" && answer !== null) world.granted = { epoch: Number(answer), leader: name };
  return { answer, bad: badWrite(world, before, command, answer) };
}

export function after(world: World, text: string, change: Change): Step {
  const copy = { ...world };
  const bad = change(copy);
  return { text, world: copy, bad: typeof bad === "string" ? bad : readerWentBack(world.reader, copy) };
}

function spend(world: World, what: keyof Budget): void {
  world.budget = { ...world.budget, [what]: world.budget[what] - 1 };
}

function textOf(command: Command): string {
  switch (command.kind) {
    case "acquire":
      return "take the lease";
    case "renew":
      return "renew the lease, with a beat";
    case "publish":
      return `publish view ${command.head.marks.sequence} of its term`;
    case "release":
      return "give the lease back";
  }
}
