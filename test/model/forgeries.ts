import { epochAheadMaxMs, type Head, type Version, viewLimits } from "@rollcall/core/view";
import { documentOf } from "./parsed.js";
import { headIn, see } from "./process.js";
import { announced } from "./reader.js";
import { dataOf, keys, redisNowMs } from "./redis.js";
import type { Rules } from "./rules.js";
import type { World } from "./state.js";

const tenYearsMs = 315_360_000_000;

/** What a client that may write to Redis puts there. `forge` changes the world. */
export interface Forgery {
  readonly text: string;
  readonly forge: (world: World, rules: Rules) => void;
}

/** Each is the largest or the strangest of its kind: what is smaller is refused, or overtaken, sooner. */
export const forgeries: readonly Forgery[] = [
  announcement("a message with the greatest sequence and beat under the epoch in use", false, (head) => {
    const marks = { ...head.marks, sequence: viewLimits.counterMax };
    return {
      ...head,
      topology: { ...head.topology, sequence: viewLimits.counterMax },
      marks,
      beat: viewLimits.counterMax,
    };
  }),
  announcement("a message with marks of the greatest sequence under the epoch in use", true, (head) => {
    return { ...head, marks: { ...head.marks, sequence: viewLimits.counterMax } };
  }),
  announcement("a message with the greatest beat under the epoch in use", false, (head) => {
    return { ...head, beat: viewLimits.counterMax };
  }),
  {
    text: "a message with the greatest beat, and processes that may lead miss it",
    forge: (world, rules) => {
      const head = headIn(world);
      if (head !== undefined) announced(world, { ...head, beat: viewLimits.counterMax }, false, rules);
    },
  },
  writing("a view with the greatest sequence under the epoch in use", (head) => {
    return { ...head.marks, sequence: viewLimits.counterMax };
  }),
  writing("a view of an epoch that is a day ahead", ({ marks }, world) => {
    return { ...marks, epoch: (redisNowMs(world) + epochAheadMaxMs) * 1_000, leader: "x", sequence: 1 };
  }),
  writing("a view of the greatest epoch", ({ marks }) => ({ ...marks, epoch: Number.MAX_SAFE_INTEGER, leader: "x" })),
  key("a lease of ten years", keys.lease, "x", tenYearsMs),
  key("a lease that never ends", keys.lease, "x", undefined),
  key("the greatest epoch", keys.epoch, `${Number.MAX_SAFE_INTEGER}`, undefined),
  key("an epoch that is no number", keys.epoch, "x", undefined),
];

/** Every process receives it. */
function announcement(text: string, withMarks: boolean, forged: (head: Head) => Head): Forgery {
  return {
    text,
    forge: (world, rules) => {
      const head = headIn(world);
      if (head === undefined) return;
      const message = forged(head);
      announced(world, message, withMarks, rules);
      for (const [at, { isRunning, isConnected }] of world.processes.entries()) {
        if (isRunning && isConnected) see(world, at, message, rules);
      }
    },
  };
}

function writing(text: string, forged: (head: Head, world: World) => Version): Forgery {
  return {
    text,
    forge: (world) => {
      const head = headIn(world);
      if (head === undefined) return;
      const version = forged(head, world);
      const data = dataOf(world);
      const document = documentOf(version);
      data.set(keys.topology, document);
      data.set(keys.marks, document);
      const { digests, ...others } = head;
      data.set(keys.head, JSON.stringify({ format: 1, ...others, topology: version, marks: version }));
      world.values = data.copied();
    },
  };
}

function key(text: string, name: string, value: string, expiresInMs: number | undefined): Forgery {
  return {
    text,
    forge: (world) => {
      const data = dataOf(world);
      data.set(name, value, expiresInMs);
      world.values = data.copied();
    },
  };
}
