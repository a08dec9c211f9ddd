import { createHash } from "node:crypto";
import { leaseMs } from "@rollcall/core/election";
import { encodeHead, epochAheadMaxMs, epochBegunMs, headEventAround, ordinalOf, redisKeys } from "@rollcall/core/view";
import { RedisData } from "../simulation/redis-data.js";
import { redisScripts } from "../simulation/redis-scripts.js";
import { documentOf, kept } from "./parsed.js";
import type { Rules } from "./rules.js";
import type { Command, World, WrittenHead } from "./state.js";

export type RedisValues = ReturnType<RedisData["copied"]>;

export const keys = redisKeys("m");
const fiveKeys = [keys.lease, keys.epoch, keys.head, keys.topology, keys.marks] as const;
const { before, after } = headEventAround(undefined);

export function redisNowMs({ nowMs, redisAheadMs }: World): number {
  return nowMs + redisAheadMs;
}

export function dataOf(world: World): RedisData {
  return new RedisData(
    () => redisNowMs(world),
    () => {},
    world.values,
  );
}

/** Carries a command out, by the twins of the scripts in Lua; see `redis-scripts.ts` about them. */
export function runCommand(world: World, leader: string, command: Command, rules: Rules): string | number | null {
  const data = dataOf(world);
  const answer = answerTo(data, leader, command, rules);
  world.values = data.copied();
  return answer;
}

function answerTo(data: RedisData, leader: string, command: Command, rules: Rules): string | number | null {
  const run = (script: string, args: readonly (string | number)[], on: RedisData = data) => {
    return redisScripts[script]?.(on, script === "acquire" ? fiveKeys.slice(0, 2) : fiveKeys, args.map(String)) ?? null;
  };
  switch (command.kind) {
    case "acquire": {
      if (!rules.longLeaseIsReplaced && (data.text(keys.lease) ?? leader) !== leader) return null;
      const floorMs = rules.hasFloor ? epochBegunMs(command.floorEpoch) : 0;
      const aheadMs = rules.numbersAreBounded ? epochAheadMaxMs : Number.MAX_SAFE_INTEGER;
      return run("acquire", [leader, leaseMs, floorMs, rules.epochHasOrdinal ? ordinalOf(leader) : 0, aheadMs]);
    }
    case "renew": {
      const { lease, head } = command;
      const [topology, marks] = head === undefined ? ["", ""] : documentsOf(head);
      const text = head === undefined ? "" : textOf(head);
      const args = [
        lease.leader,
        lease.epoch,
        leaseMs,
        text,
        keys.events,
        before,
        after,
        topology.length,
        marks.length,
      ];
      const on = rules.renewIsFenced ? data : claiming(data, lease.leader, `${lease.epoch}`);
      return run("renew", [...args, sha1Of(topology), sha1Of(marks)], on);
    }
    case "publish": {
      const { lease, head } = command;
      const [topology, marks] = documentsOf(head);
      const sequences = [head.topology.sequence, head.marks.sequence] as const;
      const args = [lease.leader, lease.epoch, ...sequences, textOf(head), keys.events, before, after, topology, marks];
      const on = fenced(data, lease.leader, `${lease.epoch}`, rules);
      return run("publish", [...args, topology.length, marks.length], on);
    }
    case "release": {
      const { lease } = command;
      const on = fenced(data, lease.leader, `${lease.epoch}`, rules);
      const script = redisScripts.release;
      return script?.(on, fiveKeys.slice(0, 3), [lease.leader, `${lease.epoch}`, keys.events, "", ""]) ?? null;
    }
  }
}

function fenced(data: RedisData, leader: string, epoch: string, { fence }: Rules): RedisData {
  if (fence === "whole") return data;
  return claiming(data, fence === "none" ? leader : undefined, epoch);
}

/** Data in which a script finds the lease that it looks for. */
function claiming(data: RedisData, leader: string | undefined, epoch: string): RedisData {
  const text = (key: string) => {
    if (key === keys.epoch) return epoch;
    return key === keys.lease && leader !== undefined ? leader : data.text(key);
  };
  return new Proxy(data, {
    get: (target, name) => {
      if (name === "text") return text;
      const member: unknown = Reflect.get(target, name);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

function documentsOf({ topology, marks }: WrittenHead): readonly [string, string] {
  return [documentOf(topology), documentOf(marks)];
}

const texts = new WeakMap<WrittenHead, string>();

function textOf(head: WrittenHead): string {
  const text = texts.get(head) ?? encodeHead(head);
  texts.set(head, text);
  return text;
}

const sums = new Map<string, string>();

function sha1Of(text: string): string {
  return kept(sums, text, () => createHash("sha1").update(text, "latin1").digest("hex"));
}
