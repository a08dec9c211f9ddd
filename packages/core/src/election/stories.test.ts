import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { readStories } from "../stories.test.support.js";
import { candidateDueMs, newCandidate, nextCandidate } from "./candidate.js";
import type { CandidateEffect, CandidateEvent } from "./candidate-events.js";

/** Half of every random part: renewals every 2,000 ms, attempts every 2,200 ms, and 125 ms after news. */
const random = () => 0.5;

/**
 * granted EPOCH | refused | failed              the store answers the last acquire
 * kept | lost | incomplete | failed             the store answers the last renewal
 * always kept                                   from here on, every renewal is answered so at once, and not shown
 * late granted EPOCH | late kept | late lost    an answer to the request before the last one
 * fenced EPOCH                                  a publication under this epoch was refused
 * seen EPOCH                                    a head or a heartbeat names it
 * overtaken EPOCH                               readers have something of that epoch that the leader has not written
 * disproved EPOCH                               the store's clock was set back behind it
 * released                                      a leader has given the lease back
 * connected | connected to the same             there is a new connection to a store, or to the same one
 * reached | unreached                           whether the cluster answers this process
 * other reaches                                 it answers another
 * wait MS                                       ticks come when they are due
 * sleep MS                                      time passes, and the process does not run
 */
function run(steps: readonly string[]): string[] {
  let nowMs = 0;
  let candidate = newCandidate(nowMs);
  let isKept = false;
  const lines: string[] = [];

  const show = (effect: CandidateEffect): string => {
    switch (effect.type) {
      case "acquire":
        return `acquire above ${effect.floorEpoch}`;
      case "lead":
        return `${effect.continues ? "continue" : "lead"} with ${effect.epoch}`;
      case "stepDown":
        return `step down${effect.giveBack ? ", give back" : ""}: ${effect.reason}`;
      case "giveBack":
        return `give back ${effect.epoch}`;
      default:
        return effect.type;
    }
  };
  const send = (event: CandidateEvent): void => {
    const [next, effects] = nextCandidate(candidate, event, nowMs, random);
    candidate = next;
    for (const effect of effects) {
      if (effect.type === "renew" && isKept) send({ type: "renewed", request: effect.request, renewal: "kept" });
      else lines.push(`${nowMs} ${show(effect)}`);
    }
  };
  const answer = (request: number, what: string, value: string): void => {
    switch (what) {
      case "granted":
        return send({ type: "granted", request, epoch: Number(value) });
      case "refused":
      case "failed":
        return send({ type: what, request });
      case "kept":
      case "lost":
      case "incomplete":
        return send({ type: "renewed", request, renewal: what });
      default:
        assert.fail(`unknown: ${what}`);
    }
  };
  const waitUntil = (untilMs: number): void => {
    for (let dueMs = candidateDueMs(candidate); dueMs <= untilMs; dueMs = candidateDueMs(candidate)) {
      assert.ok(dueMs > nowMs || nowMs === 0, "a tick leaves nothing due");
      nowMs = dueMs;
      send({ type: "tick" });
    }
    nowMs = untilMs;
  };

  send({ type: "tick" });
  for (const step of steps) {
    const [what = "", second = "", third = ""] = step.split(" ");
    switch (what) {
      case "wait":
        waitUntil(nowMs + Number(second));
        break;
      case "sleep":
        nowMs += Number(second);
        break;
      case "always":
        isKept = true;
        break;
      case "late":
        answer(candidate.request - 1, second, third);
        break;
      case "seen":
        send({ type: "epochSeen", epoch: Number(second) });
        break;
      case "overtaken":
        send({ type: what, epoch: Number(second), found: "others have more" });
        break;
      case "disproved":
        send({ type: "epochDisproved", epoch: Number(second) });
        break;
      case "fenced":
        send({ type: what, epoch: Number(second) });
        break;
      case "released":
        send({ type: what });
        break;
      case "connected":
        send({ type: what, leaseStands: step === "connected to the same" });
        break;
      case "reached":
      case "unreached":
        send({ type: "reached", reached: what === "reached" });
        break;
      case "other":
        send({ type: "otherReaches" });
        break;
      default:
        answer(candidate.request, what, second);
    }
  }
  return lines;
}

describe("candidate.txt", () => {
  // The tests run from dist; the stories stay in src.
  const text = readFileSync(new URL("../../src/election/testdata/candidate.txt", import.meta.url), "utf8");
  for (const { title, steps, outcome } of readStories(text)) it(title, () => assert.deepEqual(run(steps), outcome));
});
