import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { readStories } from "../stories.test.support.js";
import {
  type CircuitBreakerEvent,
  circuitBreakerDueMs,
  newCircuitBreaker,
  nextCircuitBreaker,
} from "./circuit-breaker.js";
import { newLoopLag, nextLoopLag, waitingSinceMs } from "./loop-lag.js";
import { type NodeTraffic, newStallDetector, nextStallDetector, type StallEvent } from "./stall-detector.js";

/** Half of every random part: waits of 750, 1500, 3000, 6000, 7500 … ms, and periods of exactly 10 s. */
const random = () => 0.5;

function tellStories(file: string, tell: (steps: readonly string[]) => string[]) {
  describe(file, () => {
    // The tests run from dist; the stories stay in src.
    const text = readFileSync(new URL(`../../src/health/testdata/${file}`, import.meta.url), "utf8");
    for (const { title, steps, outcome } of readStories(text)) {
      it(title, () => assert.deepEqual(tell(steps), outcome));
    }
  });
}

/**
 * failed since MS answered N    an attempt that was started at MS failed; the slot has had N answers
 * silent                        the node has fallen silent
 * trial ok|failed               the answer to the probe
 * reached                       the answer to a probe made at once after the ejection
 * shared down|doubtful|cleared  the view's word on the node
 * wait MS                       ticks come when they are due
 */
function tellDetector(steps: readonly string[]): string[] {
  let nowMs = 0;
  let detector = newCircuitBreaker(nowMs);
  const lines: string[] = [];

  const send = (event: CircuitBreakerEvent): void => {
    const [next, effects] = nextCircuitBreaker(detector, event, nowMs, random);
    if (next.state !== detector.state) {
      const until = next.state === "ejected" ? ` until ${next.untilMs}` : "";
      lines.push(`${nowMs} ${detector.state} -> ${next.state}${until}`);
    }
    detector = next;
    for (const effect of effects) {
      lines.push(effect.type === "report" ? `${nowMs} report: ${effect.reason}` : `${nowMs} probe`);
    }
  };

  for (const step of steps) {
    const [what, second, third, , fifth] = step.split(" ");
    if (what === "failed") {
      send({ type: "failed", startedAtMs: Number(third), answered: Number(fifth), reason: "refused" });
    } else if (what === "silent") {
      send({ type: "silent", reason: "no byte" });
    } else if (what === "reached") {
      send({ type: "reached" });
    } else if (what === "trial") {
      send(second === "ok" ? { type: "trialled", ok: true } : { type: "trialled", ok: false, reason: "still refused" });
    } else if (what === "shared") {
      if (second === "doubtful") send({ type: "sharedDoubtful", reason: "connection refused" });
      else send({ type: second === "down" ? "sharedDown" : "sharedCleared" });
    } else {
      assert.equal(what, "wait");
      const untilMs = nowMs + Number(second);
      for (let dueMs = circuitBreakerDueMs(detector); dueMs !== undefined && dueMs <= untilMs; ) {
        nowMs = dueMs;
        send({ type: "tick" });
        dueMs = circuitBreakerDueMs(detector);
      }
      nowMs = untilMs;
    }
  }
  return lines;
}

/**
 * send                                a request is sent
 * end                                 the oldest request has ended, without a byte
 * byte                                a byte comes
 * handshake MS                        so long the last handshake took
 * probe N answered|unanswered|void    what came of the probe of that number
 * returned                            the node has answered a trial
 * wait MS                             ticks come when they are due
 * stall MS                            the process does not run for so long
 */
function tellSilence(steps: readonly string[]): string[] {
  let nowMs = 0;
  let silence = newStallDetector;
  let watch = newLoopLag(nowMs);
  const sent: number[] = [];
  let heardMs = Number.NEGATIVE_INFINITY;
  let handshakeMs: number | undefined;
  const lines: string[] = [];

  const send = (event: StallEvent): void => {
    const [oldest, newest] = [sent[0], sent.at(-1)].map((atMs) =>
      atMs === undefined ? undefined : waitingSinceMs(watch, atMs, nowMs),
    );
    const traffic: NodeTraffic = { oldestMs: oldest, newestMs: newest, heardMs, handshakeMs };
    const [next, effects] = nextStallDetector(silence, event, traffic, nowMs);
    if (next.state !== silence.state) lines.push(`${nowMs} ${silence.state} -> ${next.state}`);
    silence = next;
    for (const effect of effects) {
      if (effect.type === "probe") lines.push(`${nowMs} probe ${effect.probe} within ${effect.timeoutMs}`);
      else lines.push(`${nowMs} report: ${effect.reason}`);
    }
  };
  const beat = () => {
    watch = nextLoopLag(watch, nowMs);
    send({ type: "tick" });
  };

  for (const step of steps) {
    const [what, second, third] = step.split(" ");
    if (what === "send") sent.push(nowMs);
    else if (what === "end") sent.shift();
    else if (what === "byte") heardMs = nowMs;
    else if (what === "handshake") handshakeMs = Number(second);
    else if (what === "returned") send({ type: "returned" });
    else if (what === "probe") {
      const probe = Number(second);
      if (third === "answered" || third === "void") send({ type: "probed", probe, outcome: third });
      else send({ type: "probed", probe, outcome: "unanswered", reason: "no answer to a probe" });
    } else if (what === "stall") {
      nowMs += Number(second);
      beat();
    } else {
      assert.equal(what, "wait");
      const untilMs = nowMs + Number(second);
      while (watch.dueMs <= untilMs) {
        nowMs = watch.dueMs;
        beat();
      }
      nowMs = untilMs;
    }
  }
  return lines;
}

tellStories("detector.txt", tellDetector);
tellStories("silence.txt", tellSilence);
