import {
  credibleOf,
  type Head,
  isCredibleEpoch,
  missingFrom,
  type PartialView,
  type Version,
  withHead,
  withMarks,
  withTopology,
} from "@rollcall/core/view";
import { versionOfText } from "./parsed.js";
import { headIn } from "./process.js";
import { keys, redisNowMs } from "./redis.js";
import type { Rules } from "./rules.js";
import type { World } from "./state.js";

/** The reader reads the head and what it names, as `RedisViewReader` does. */
export function read(world: World, rules: Rules): void {
  const head = headIn(world);
  if (head === undefined) return;
  world.reader = withDocuments(world, taken(world, head, rules));
}

/** A message has come that names a head; small marks come with it. */
export function announced(world: World, head: Head, withItsMarks: boolean, rules: Rules): void {
  const next = taken(world, head, rules);
  const marks = { version: head.marks, nodes: {} };
  world.reader = withDocuments(world, withItsMarks && next !== world.reader ? withMarks(next, marks) : next);
}

function taken(world: World, head: Head, rules: Rules): PartialView {
  const nowMs = redisNowMs(world);
  const { reader } = world;
  if (rules.numbersAreBounded && !isCredibleEpoch(Math.max(head.topology.epoch, head.marks.epoch), nowMs))
    return reader;
  const believed = rules.numbersAreBounded ? credibleOf(reader, nowMs) : reader;
  return rules.readerKeepsOrder ? withHead(believed, head) : { head };
}

function withDocuments(world: World, partial: PartialView): PartialView {
  const { head } = partial;
  if (head === undefined) return partial;
  const missing = missingFrom(partial);
  let next = partial;
  const marks = versionAt(world, keys.marks);
  if (missing.marks && isSame(marks, head.marks)) next = withMarks(next, { version: head.marks, nodes: {} });
  const topology = versionAt(world, keys.topology);
  if (missing.topology && isSame(topology, head.topology)) {
    next = withTopology(next, { version: head.topology, source: "sniff", nodes: [] });
  }
  return next;
}

function versionAt(world: World, key: string): Version | undefined {
  const text = world.values.get(key)?.text;
  return text === undefined ? undefined : versionOfText(text);
}

function isSame(one: Version | undefined, other: Version): boolean {
  return one?.epoch === other.epoch && one.leader === other.leader && one.sequence === other.sequence;
}
