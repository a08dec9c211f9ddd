import type { Candidate } from "@rollcall/core/election";
import { epochBegunMs, type Head, isCredibleEpoch, type PartialView, type Version } from "@rollcall/core/view";
import { headOfText, versionOfText } from "./parsed.js";
import { keys, type RedisValues, redisNowMs } from "./redis.js";
import type { Command, Process, World } from "./state.js";

/** What is longer ago than this, or further away, is alike for every rule: leases, fences and rests are shorter. */
const longMs = 40_000;

/**
 * A text that is the same for two worlds between which no rule distinguishes, whenever they are: times count from now,
 * epochs and beats by their order alone, and it does not matter
 * which process is which. So time has no bound, and what repeats itself is explored once.
 */
export function canonical(world: World, withBudget: boolean): string {
  const { redisAheadMs } = world;
  const processes = [...world.processes].sort((one, other) => compareTexts(roleOf(one), roleOf(other)));
  const numbers = new Ranks(redisNowMs(world));
  const parts = [
    ...[world.values, world.replica === world.values ? undefined : world.replica].map((values) =>
      values === undefined ? "-" : valuesText(values, redisNowMs(world), numbers),
    ),
    ...processes.map((process) => processText(process, world, numbers)),
    readerText(world.reader, numbers),
    world.granted === undefined ? "-" : `${numbers.epoch(world.granted.epoch)}${nameOf(world.granted.leader)}`,
    [...world.authors]
      .map(([name, leader]) => `${nameText(name, numbers)}${nameOf(leader)}`)
      .sort()
      .join(),
    redisAheadMs,
    withBudget ? Object.values(world.budget).join() : "",
  ];
  return numbers.ranked(
    parts.join("|"),
    processes.map(({ name }) => name),
  );
}

/** Tells two processes apart in most worlds. */
function roleOf({ candidate, isRunning, isConnected, sent, held }: Process): string {
  return `${candidate.state}${isRunning}${isConnected}${sent.length}${held === undefined}`;
}

function compareTexts(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

function nameOf(name: string): string {
  return `<n${name}>`;
}

/** Puts marks in the place of numbers, and their ranks in the place of the marks once all are known. */
class Ranks {
  private readonly seen = { e: new Set<number>(), b: new Set<number>() };

  constructor(private readonly nowMs: number) {}

  /** Of an epoch that begins later than now counts whether it is credible, and its order: not how far ahead it is. */
  epoch(epoch: number): string {
    this.seen.e.add(epoch);
    if (epochBegunMs(epoch) < this.nowMs) return `<e${epoch}>`;
    return `<e${epoch}>${isCredibleEpoch(epoch, this.nowMs) ? "+" : "!"}`;
  }

  beat(beat: number): string {
    this.seen.b.add(beat);
    return `<b${beat}>`;
  }

  ranked(text: string, names: readonly string[]): string {
    const ranks = new Map<string, number>(
      Object.entries(this.seen).flatMap(([kind, numbers]) =>
        [...numbers].sort((a, b) => a - b).map((number, rank) => [`${kind}${number}`, rank] as const),
      ),
    );
    for (const [at, name] of names.entries()) ranks.set(`n${name}`, at);
    // The name of a process that is dead stays as it is.
    return text.replace(/<([ebn][^>]*)>/g, (_, mark: string) => `${ranks.get(mark) ?? mark}`);
  }
}

function versionText({ epoch, leader, sequence }: Version, numbers: Ranks): string {
  return `${numbers.epoch(epoch)}${nameOf(leader)}${sequence}`;
}

function headText(head: Head | undefined, numbers: Ranks): string {
  if (head === undefined) return "-";
  const { topology, marks, beat, digests } = head;
  const versions = `${versionText(topology, numbers)},${versionText(marks, numbers)}`;
  return `${versions},${numbers.beat(beat)}${digests === undefined ? "" : "d"}${head.released}`;
}

function valuesText(values: RedisValues, redisMs: number, numbers: Ranks): string {
  const texts = Object.values(keys).map((key) => {
    const value = values.get(key);
    if (value === undefined) return "";
    const { text, expiresAtMs } = value;
    if (expiresAtMs !== undefined && expiresAtMs <= redisMs) return "";
    const left = expiresAtMs === undefined ? "" : `@${Math.min(expiresAtMs - redisMs, longMs)}`;
    if (key === keys.epoch) return Number.isNaN(Number(text)) ? text : numbers.epoch(Number(text));
    if (key === keys.head) {
      return headText(headOfText(text), numbers);
    }
    if (key !== keys.topology && key !== keys.marks) return `${nameOf(text)}${left}`;
    return versionText(versionOfText(text), numbers);
  });
  return texts.join(";");
}

function processText(
  { name, candidate, isRunning, isConnected, held, ...rest }: Process,
  { nowMs, primary }: Pick<World, "nowMs" | "primary">,
  numbers: Ranks,
) {
  const heldText =
    held === undefined
      ? "-"
      : `${numbers.epoch(held.lease.epoch)}${held.published}${held.isPublishing}${numbers.beat(held.beat)}${held.sequence}`;
  const commands = (some: readonly Command[]) => some.map((one) => commandText(one, candidate, numbers)).join();
  return [
    nameOf(name),
    candidateText(candidate, nowMs, numbers),
    ...[
      isRunning,
      isConnected,
      rest.primary === primary,
      heldText,
      rest.isDirty,
      commands(rest.sent),
      commands(rest.strays),
    ],
    rest.replies.map(({ to, answer }) => `${commands([to])}=${answerText(to, answer, numbers)}`).join(),
  ].join(",");
}

function candidateText(candidate: Candidate, nowMs: number, numbers: Ranks): string {
  const fields = Object.entries(candidate).map(([name, value]) => {
    if (name === "request") return "";
    if (name === "epoch" || name === "floorEpoch") return numbers.epoch(Number(value));
    if (typeof value !== "number") return `${value}`;
    return `${Math.max(-longMs, value - nowMs)}`;
  });
  return fields.join(":");
}

function commandText(command: Command, { request }: Candidate, numbers: Ranks): string {
  const late = command.isLate ? "late" : "";
  switch (command.kind) {
    case "acquire":
      return `a${late}${command.request === request}${numbers.epoch(command.floorEpoch)}`;
    case "renew": {
      const { head, lease } = command;
      const beat = head?.beat;
      return `r${late}${command.request === request}${numbers.epoch(lease.epoch)}${beat === undefined ? "" : numbers.beat(beat)}`;
    }
    case "publish":
      return `p${late}${numbers.epoch(command.lease.epoch)}${command.head.marks.sequence}`;
    case "release":
      return `g${late}${numbers.epoch(command.lease.epoch)}`;
  }
}

function answerText(to: Command, answer: string | number | null, numbers: Ranks): string {
  return to.kind === "acquire" && answer !== null ? numbers.epoch(Number(answer)) : `${answer}`;
}

function readerText({ head, topology, marks }: PartialView, numbers: Ranks): string {
  const documents = [topology, marks].map((one) => (one === undefined ? "-" : versionText(one.version, numbers)));
  return `${headText(head, numbers)},${documents.join()}`;
}

function nameText(name: string, numbers: Ranks): string {
  const [epoch = "", sequence = ""] = name.split("/");
  return `${numbers.epoch(Number(epoch))}/${sequence}`;
}
