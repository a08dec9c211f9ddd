import assert from "node:assert/strict";
import { it } from "node:test";
import type { Entry } from "./journal.js";
import { judge, unmet } from "./judge.js";

const times = { beganMs: 10_000, endedMs: 20_000 };
const log = {
  each: { "redis.lost": 1, "redis.recovered": 2 },
  some: { "leader.elected": 1 },
  may: { "view.stale": 1 },
};

const request = (process: string, atMs: number, failure?: string): Entry => ({
  ...{ process, kind: "request", atMs, tookMs: 5 },
  ...(failure === undefined ? {} : { failure }),
});
const line = (process: string, atMs: number, event: string, level = "warn"): Entry => {
  return { process, kind: "line", atMs, level, event, text: `the text of ${event}` };
};
interface Seen {
  readonly epoch?: number;
  readonly leader?: string;
  readonly topology?: number;
  readonly marks?: number;
  readonly freshness?: "fresh" | "stale" | "orphan";
  readonly ageMs?: number;
}
const view = (process: string, atMs: number, seen: Seen = {}): Entry => {
  const { epoch = 1, leader = "a", topology = 1, marks = 1, freshness = "fresh", ageMs = 100 } = seen;
  const version = (sequence: number) => ({ epoch, leader, sequence });
  const versions = { topology: version(topology), marks: version(marks) };
  return { process, kind: "view", atMs, ...versions, freshness, ageMs, isLeading: false };
};

/** Two replicas and a coordinator that go through a fault as they should, and what is changed of it. */
function found(change: (entry: Entry) => Entry | undefined, ...more: readonly Entry[]): string[] {
  const good: Entry[] = ["one", "two"].flatMap((process) => [
    view(process, 9_000),
    line(process, 11_000, "redis.lost"),
    line(process, 20_200, "redis.recovered", "info"),
    view(process, 21_000, { epoch: 2, leader: "b", marks: 7 }),
    ...Array.from({ length: 60 }, (_, at) => request(process, 9_000 + at * 500)),
    view(process, 39_000, { epoch: 2, leader: "b", marks: 8 }),
  ]);
  good.push(line("coordinator", 11_000, "redis.lost"), line("coordinator", 20_200, "redis.recovered", "info"));
  good.push(line("coordinator", 20_500, "leader.elected", "info"));
  const entries = [...good.map(change).filter((entry) => entry !== undefined), ...more];
  return judge(
    entries.sort((one, other) => one.atMs - other.atMs),
    times,
    log,
  );
}
const same = (entry: Entry) => entry;

it("a journal without a fault's traces but the expected lines has no findings", () => {
  assert.deepEqual(found(same), []);
  const ordinary = [line("one", 12_000, "node.joined", "info"), line("two", 12_000, "view.found", "debug")];
  assert.deepEqual(found(same, ...ordinary, line("two", 20_100, "view.stale")), []);
});

it("a request that failed is a finding, and one from before the fault is none", () => {
  assert.deepEqual(found(same, request("one", 9_500, "NO_NODE")), []);
  assert.deepEqual(found(same, request("one", 12_500, "NO_NODE")), [
    "one: a request failed 2.5 s after the beginning: NO_NODE",
  ]);
});

it("a replica that answers nothing for long is a finding, also where it never answers again", () => {
  const without = (fromMs: number, toMs: number) => (entry: Entry) =>
    entry.kind === "request" && entry.process === "two" && entry.atMs >= fromMs && entry.atMs <= toMs
      ? undefined
      : entry;
  assert.deepEqual(found(without(12_000, 18_000)), ["two: no request was answered for 7000 ms"]);
  assert.deepEqual(found(without(30_000, 60_000)), ["two: no request was answered for 9500 ms"]);
});

it("a view that goes back is a finding, within an epoch, over epochs, and in either document", () => {
  const end = { epoch: 2, leader: "b", marks: 8 };
  const back = (seen: Seen) => found(same, view("one", 39_100, seen), view("one", 39_200, end));
  assert.deepEqual(back({ ...end, marks: 7 }), ["one: its marks went back, from 2/b/8 to 2/b/7"]);
  assert.deepEqual(back({ ...end, topology: 0 }), ["one: its topology went back, from 2/b/1 to 2/b/0"]);
  assert.equal(back({ marks: 9 }).length, 2, "an older epoch, though its sequence is higher");
});

it("a view of its own is no part of an orphan's order, but the one that it follows afterwards is", () => {
  const own = view("one", 22_000, { epoch: 9, leader: "one", freshness: "orphan" });
  assert.deepEqual(found(same, own), []);
  const older = view("one", 22_100, { epoch: 1 });
  assert.match(found(same, own, older).join(), /one: its topology went back, from 2\/b\/1 to 1\/a\/1/);
});

it("an epoch with two leaders is a finding", () => {
  const other = view("two", 39_500, { epoch: 2, leader: "c", marks: 8 });
  assert.ok(found(same, other).includes("the epoch 2 has the leaders b and c"));
});

it("a replica without a beat from after the fault within 30 s is a finding", () => {
  const change = (as: Partial<Extract<Entry, { kind: "view" }>>) => (entry: Entry) =>
    entry.kind === "view" && entry.process === "one" && entry.atMs > times.endedMs ? { ...entry, ...as } : entry;
  const late = ["one: no fresh view within 30 s after the end of the fault"];
  assert.deepEqual(found(change({ freshness: "stale" })), late);
  assert.deepEqual(found(change({ ageMs: 30_000 })), late, "its beat is from before");
  assert.deepEqual(found(change({ atMs: 51_000 })).slice(-1), late, "it comes too late");
});

it("replicas that follow different leaders in the end are a finding", () => {
  assert.deepEqual(found(same, view("one", 39_500, { epoch: 3, leader: "c" })), [
    "in the end they follow different leaders: 3 c, 2 b",
  ]);
});

it("a missing line, one too many, and one that is not expected are findings", () => {
  const isLost = (entry: Entry) => entry.kind === "line" && entry.event === "redis.lost";
  const silent = (entry: Entry) => (entry.process === "one" && isLost(entry) ? undefined : entry);
  assert.deepEqual(found(silent), ["one: does not log redis.lost"]);
  assert.deepEqual(found(same, line("two", 12_000, "redis.lost")), [
    'two: logs redis.lost more than 1 times: "the text of redis.lost" 2 times',
  ]);
  assert.deepEqual(found(same, line("two", 12_000, "background.failed", "error")), [
    'two: logs background.failed more than 0 times: "the text of background.failed" 1 times',
  ]);
  assert.deepEqual(found(same, line("two", 12_000, "redis.recovered"), line("two", 21_000, "redis.lost")).slice(1), [
    "two: does not log that Redis is back",
  ]);
  const unled = (entry: Entry) => (entry.kind === "line" && entry.event === "leader.elected" ? undefined : entry);
  assert.deepEqual(found(unled), ["no process logs leader.elected"]);
});

it("a fault goes on until each process that must log the loss of Redis has, and one any other line of the fault", () => {
  const begin = times.beganMs;
  const entries = [view("one", 9_000), view("two", 9_000), line("two", 9_500, "redis.lost")];
  entries.push(line("one", 11_000, "redis.lost"));
  assert.deepEqual(unmet(entries, begin, log), ["two"], "its loss is from before the fault");
  assert.deepEqual(unmet([...entries, line("two", 12_000, "redis.lost")], begin, log), []);
  assert.deepEqual(unmet(entries, begin, { some: { "redis.lost": 1 } }), []);
  assert.deepEqual(unmet(entries, begin, { some: { "lease.failed": 1 } }), ["any"]);
});
