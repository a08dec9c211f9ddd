import {
  type Candidate,
  type CandidateEffect,
  type CandidateEvent,
  mayPublish,
  nextCandidate,
} from "@rollcall/core/election";
import { type Head, isCredibleEpoch, type Version, viewOf } from "@rollcall/core/view";
import { foreignVersions } from "#coordinator/store/foreign-versions";
import type { Lease, SeenVersions } from "#coordinator/store/view-store";
import { headOfText } from "./parsed.js";
import { keys, redisNowMs } from "./redis.js";
import type { Rules } from "./rules.js";
import type { Command, Process, Reply, World } from "./state.js";

/** Candidates do not spread here: that they meet is what is wanted. */
const together = () => 0;
/** More that Redis has not carried out is forgotten: it is stuck behind these. */
const lateMax = 2;

/**
 * One process between its candidate, which decides, and Redis, as `Leadership`, `ViewPublisher` and `RedisWriter` of the
 * coordinator are. Each function changes the world, in which the process is the one at `at`.
 */
export function send(world: World, at: number, event: CandidateEvent, rules: Rules): void {
  const { candidate } = processAt(world, at);
  const [next, effects] = rules.hasSelfFence
    ? nextCandidate(candidate, event, world.nowMs, together)
    : nextWithoutSelfFence(candidate, event, world.nowMs);
  if (next !== candidate) change(world, at, { candidate: next });
  for (const effect of effects) carryOut(world, at, effect, rules);
}

/** The same, in whose time the last renewal is always good. */
function nextWithoutSelfFence(candidate: Candidate, event: CandidateEvent, nowMs: number) {
  if (candidate.state !== "leading") return nextCandidate(candidate, event, nowMs, together);
  // Half a millisecond: no renewal has that time.
  const goodAtMs = nowMs + 0.5;
  const [next, effects] = nextCandidate({ ...candidate, goodAtMs }, event, nowMs, together);
  const isSame = next.state === "leading" && next.goodAtMs === goodAtMs;
  return [isSame ? { ...next, goodAtMs: candidate.goodAtMs } : next, effects] as const;
}

/** Its timers run, and it reads what has arrived while it did not run. */
export function wake(world: World, at: number, rules: Rules): void {
  send(world, at, { type: "tick" }, rules);
  const { replies } = processAt(world, at);
  change(world, at, { replies: [] });
  for (const reply of replies) receive(world, at, reply, rules);
}

/** A reply of Redis has come. */
export function receive(world: World, at: number, { to, answer }: Reply, rules: Rules): void {
  const { held } = processAt(world, at);
  switch (to.kind) {
    case "acquire": {
      change(world, at, { held: undefined });
      if (answer === null) return send(world, at, { type: "refused", request: to.request }, rules);
      const lease = { epoch: Number(answer), leader: processAt(world, at).name };
      change(world, at, { held: { lease, published: 0, isPublishing: false, beat: 0, sequence: 0 } });
      return send(world, at, { type: "granted", request: to.request, epoch: lease.epoch }, rules);
    }
    case "renew":
      if (answer === "lost") giveUp(world, at, to.lease);
      if (answer !== "kept" && answer !== "lost" && answer !== "incomplete") return;
      send(world, at, { type: "renewed", request: to.request, renewal: answer }, rules);
      if (answer === "kept" && processAt(world, at).isDirty) publish(world, at, rules);
      return;
    case "publish":
      if (answer === "published" || answer === "same") {
        const published = to.head.marks.sequence;
        if (isHeld(held, to.lease)) change(world, at, { held: { ...held, published, isPublishing: false } });
        return;
      }
      giveUp(world, at, to.lease);
      return send(world, at, { type: "fenced", epoch: to.lease.epoch }, rules);
    case "release":
      return;
  }
}

/** No reply has come in time, or the connection is gone. */
export function fail(world: World, at: number, command: Command, rules: Rules): void {
  switch (command.kind) {
    case "acquire":
    case "renew":
      return send(world, at, { type: "failed", request: command.request }, rules);
    case "publish": {
      const { held } = processAt(world, at);
      if (isHeld(held, command.lease)) change(world, at, { held: { ...held, isPublishing: false } });
      return change(world, at, { isDirty: true });
    }
    case "release":
      return;
  }
}

/** There is a new connection. */
export function connect(world: World, at: number, rules: Rules): void {
  const leaseStands = !rules.otherServerEndsLease || processAt(world, at).primary === world.primary;
  change(world, at, { isConnected: true, primary: world.primary });
  if (!leaseStands) change(world, at, { held: undefined });
  send(world, at, { type: "connected", leaseStands }, rules);
}

/** The process learns of what others have: from the head in Redis, or from a heartbeat. */
export function see(world: World, at: number, seen: SeenVersions, rules: Rules): void {
  const epoch = Math.max(seen.topology.epoch, seen.marks.epoch);
  const { candidate, held } = processAt(world, at);
  if (rules.higherEpochEndsLease || candidate.state !== "leading") {
    if (isCredibleEpoch(epoch, redisNowMs(world))) send(world, at, { type: "epochSeen", epoch }, rules);
  }
  const { candidate: after } = processAt(world, at);
  if (!rules.comparesWithOwn || held === undefined || after.state !== "leading") return;
  const found = foreignVersions(held.lease, held.sent, seen);
  if (found !== undefined) send(world, at, { type: "overtaken", epoch: held.lease.epoch, found }, rules);
}

/** A heartbeat of the reader has come: it names what the reader has. */
export function hear(world: World, at: number, rules: Rules): void {
  const view = viewOf(world.reader);
  if (view === undefined) return;
  const { topology, marks, head } = view;
  see(world, at, { topology: topology.version, marks: marks.version, beat: head.beat }, rules);
}

export function headIn(world: World): Head | undefined {
  const text = world.values.get(keys.head)?.text;
  return text === undefined ? undefined : headOfText(text);
}

/** Publishes what has changed, under the lease of the present term. */
export function publish(world: World, at: number, rules: Rules): void {
  const { candidate, held, name } = processAt(world, at);
  if (held === undefined || candidate.state !== "leading" || candidate.epoch !== held.lease.epoch) return;
  if (rules.hasSelfFence && !mayPublish(candidate, world.nowMs)) return;
  const sequence = held.sequence + 1;
  const version = { epoch: held.lease.epoch, leader: name, sequence };
  const head = headOf(version, held.beat);
  change(world, at, { held: { ...held, sequence, isPublishing: true, sent: head }, isDirty: false });
  enqueue(world, at, { kind: "publish", lease: held.lease, head, isLate: false });
}

export function headOf(version: Version, beat: number) {
  return { topology: version, marks: version, beat, replicas: 1, digests: { topology: "t", marks: "m" } };
}

function carryOut(world: World, at: number, effect: CandidateEffect, rules: Rules): void {
  const { held, name } = processAt(world, at);
  switch (effect.type) {
    case "acquire": {
      const { request, floorEpoch } = effect;
      const isCredible = isCredibleEpoch(floorEpoch, redisNowMs(world));
      if (!isCredible) send(world, at, { type: "epochDisproved", epoch: floorEpoch }, rules);
      return ask(
        world,
        at,
        { kind: "acquire", request, floorEpoch: isCredible ? floorEpoch : 0, isLate: false },
        rules,
      );
    }
    case "renew":
      return renew(world, at, effect.request, rules);
    case "lead": {
      // The term reads the last view before it publishes its own.
      const head = headIn(world);
      if (head !== undefined) see(world, at, head, rules);
      return publish(world, at, rules);
    }
    case "publishAll":
      return publish(world, at, rules);
    case "giveBack":
      if (held?.lease.epoch !== effect.epoch) return;
      change(world, at, { held: undefined });
      return enqueue(world, at, { kind: "release", lease: { epoch: effect.epoch, leader: name }, isLate: false });
    case "stepDown":
      return change(world, at, { isDirty: false });
    case "anotherLeads":
      return;
  }
}

function renew(world: World, at: number, request: number, rules: Rules): void {
  const { candidate, held } = processAt(world, at);
  if (candidate.state !== "leading") return;
  const { epoch } = candidate;
  if (!isCredibleEpoch(epoch, redisNowMs(world))) return send(world, at, { type: "epochDisproved", epoch }, rules);
  if (held?.lease.epoch !== epoch) return send(world, at, { type: "renewed", request, renewal: "lost" }, rules);
  const beat = held.beat + 1;
  const { published: sequence, isPublishing } = held;
  const version = { epoch, leader: held.lease.leader, sequence };
  const head = sequence > 0 && !isPublishing ? headOf(version, beat) : undefined;
  change(world, at, {
    held: { ...held, beat, ...(held.sent === undefined ? {} : { sent: { ...held.sent, beat } }) },
  });
  ask(
    world,
    at,
    { kind: "renew", request, lease: held.lease, ...(head === undefined ? {} : { head }), isLate: false },
    rules,
  );
}

function ask(world: World, at: number, command: Command, rules: Rules): void {
  if (processAt(world, at).isConnected) enqueue(world, at, command);
  else fail(world, at, command, rules);
}

function enqueue(world: World, at: number, command: Command): void {
  const { sent, isConnected } = processAt(world, at);
  if (isConnected) change(world, at, { sent: [...sent, command] });
}

/** Without what is given up and stuck behind others that are. */
export function givenUp(sent: readonly Command[], at: number): readonly Command[] {
  const late = sent.map((command, index) => (index === at ? { ...command, isLate: true } : command));
  return late.filter((command, index) => !command.isLate || index < lateMax);
}

function giveUp(world: World, at: number, lease: Lease): void {
  if (isHeld(processAt(world, at).held, lease)) change(world, at, { held: undefined });
}

function isHeld<Some extends { readonly lease: Lease }>(held: Some | undefined, lease: Lease): held is Some {
  return held?.lease.epoch === lease.epoch;
}

export function processAt(world: World, at: number): Process {
  const process = world.processes[at];
  if (process === undefined) throw new RangeError(`there is no process ${at}`);
  return process;
}

export function change(world: World, at: number, changed: Partial<Process>): void {
  world.processes = world.processes.map((process, index) => (index === at ? { ...process, ...changed } : process));
}
