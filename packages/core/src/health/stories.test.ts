import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { readStories } from "../stories.test.support.js";
import type { MarkKind } from "../view/view.js";
import { type ArbiterEvent, arbiterDueMs, emptyArbiter, marksOf, nextArbiter, publishedNodes } from "./arbiter.js";
import {
  type CircuitBreakerEvent,
  circuitBreakerDueMs,
  newCircuitBreaker,
  nextCircuitBreaker,
} from "./circuit-breaker.js";
import { newLoopLag, nextLoopLag, waitingSinceMs } from "./loop-lag.js";
import type { ProbeOutcome } from "./member.js";
import { choosePeers, isSelfSuspect, type Peer } from "./peers.js";
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
 * inherit KEY[/MARK]…       what the last leader has published; a star marks a trusted one; a mark is such as
 *                           ramp/SINCE, drain/SINCE or down/SINCE/HOLD-UNTIL/FLAPS
 * members [first] KEY…      the list of members; a star marks a trusted one
 * KEY says OUTCOME          the answer to one probe that was asked for
 * KEY always OUTCOME        from here on, every probe of it is answered at once, and not shown
 * report KEY [PROCESS [probed]]   a process has ejected it; probed: its own probe has just failed too
 * live [PROCESS]…           the other processes that are alive from here on; at first there are none
 * PROCESS avoids [KEY]…     it tells that it keeps away from these
 * PROCESS reaches|fails KEY [SUSPICION]   the answer of a witness, to the last question about it or an earlier one
 * contradict KEY PROCESS    a process has just had a byte from it
 * wait MS                   ticks come when they are due
 * stopped MS                none comes for so long, and then what is due
 *
 * The last lines of the outcome are what is published in the end.
 */
function tellArbiter(steps: readonly string[]): string[] {
  let arbiter = emptyArbiter;
  let nowMs = 0;
  const lines: string[] = [];
  const asked: string[] = [];
  const always = new Map<string, ProbeOutcome>();
  let others: readonly Peer[] = [];
  const suspicions = new Map<string, number>();

  const isBelieved = (replica: string, about: string): boolean => {
    const observer = others.find((other) => other.replica === replica);
    return observer === undefined || !isSelfSuspect(observer, about, publishedNodes(arbiter));
  };

  const send = (event: ArbiterEvent): void => {
    const [next, effects] = nextArbiter(arbiter, event, nowMs, random);
    arbiter = next;
    for (const effect of effects) {
      switch (effect.type) {
        case "probe": {
          const outcome = always.get(effect.key);
          if (outcome === undefined) {
            lines.push(`${nowMs} probe ${effect.key}${effect.fresh ? " fresh" : ""}`);
            asked.push(effect.key);
          } else {
            send({ type: "probed", key: effect.key, outcome, reason: outcome });
          }
          break;
        }
        case "transition":
          lines.push(`${nowMs} ${effect.key} ${effect.from} -> ${effect.to}: ${effect.reason}`);
          break;
        case "sniff":
          lines.push(`${nowMs} sniff: ${effect.reason}`);
          break;
        case "topologyChanged":
          lines.push(`${nowMs} topology`);
          break;
        case "marksChanged":
          lines.push(`${nowMs} marks`);
          break;
        case "disputed":
          lines.push(
            `${nowMs} ${effect.key} is reached ${effect.reachedBy === undefined ? "by nobody that we know of" : `by ${effect.reachedBy}`}, not by us`,
          );
          break;
        case "disputeCleared":
          lines.push(`${nowMs} ${effect.key} is reached by us again`);
          break;
        case "requestPeerProbes": {
          const { key, suspicion, except } = effect;
          suspicions.set(key, suspicion);
          const choice = choosePeers(others, { key, nodes: publishedNodes(arbiter), except }, random);
          const { replicas, isAlone } = choice;
          if (!isAlone) lines.push(`${nowMs} ask ${replicas.join(" ") || "nobody"} about ${key}`);
          send({ type: "peersAsked", key, suspicion, replicas, isAlone });
        }
      }
    }
  };

  for (const step of steps) {
    const [first = "", second = "", ...rest] = step.split(" ");
    if (first === "members") {
      const firstView = second === "first";
      const keys = (firstView ? rest : [second, ...rest]).filter((key) => key !== "");
      const nodes = keys.map((key) => ({
        key: key.replace("*", ""),
        address: key.replace("*", "").replace(/^.*@/, ""),
        trusted: key.endsWith("*"),
      }));
      send({ type: "members", nodes, firstView });
    } else if (first === "inherit") {
      send({ type: "inherited", nodes: [second, ...rest].map(readInherited) });
    } else if (first === "report") {
      const [replica, probed] = rest;
      if (replica !== undefined && !isBelieved(replica, second)) continue;
      const backed = probed === undefined ? {} : ({ probe: "failed" } as const);
      send({
        type: "reported",
        key: second,
        reason: "reported",
        ...(replica === undefined ? {} : { replica }),
        ...backed,
      });
    } else if (first === "live") {
      others = [second, ...rest].filter((name) => name !== "").map((name) => ({ replica: name, ejected: [] }));
    } else if (second === "avoids") {
      others = others.map((other) => (other.replica === first ? { replica: first, ejected: rest } : other));
    } else if (second === "reaches" || second === "fails") {
      const [key = "", suspicion = suspicions.get(key)] = rest;
      const ok = second === "reaches";
      if (!ok && !isBelieved(first, key)) continue;
      send({ type: "peerProbed", key, suspicion: Number(suspicion), replica: first, ok });
    } else if (first === "contradict") {
      send({ type: "refuted", key: second, replica: rest[0] ?? "" });
    } else if (first === "stopped") {
      nowMs += Number(second);
      send({ type: "tick" });
    } else if (first === "wait") {
      const untilMs = nowMs + Number(second);
      for (let dueMs = arbiterDueMs(arbiter); dueMs !== undefined && dueMs <= untilMs; dueMs = arbiterDueMs(arbiter)) {
        nowMs = dueMs;
        send({ type: "tick" });
      }
      nowMs = untilMs;
    } else {
      const outcome = rest[0] as ProbeOutcome;
      if (second === "always") always.set(first, outcome);
      const answers = second === "always" ? asked.filter((key) => key === first).length : 1;
      for (let answer = 0; answer < answers; answer++) {
        assert.ok(asked.includes(first), `nobody asked ${first}`);
        asked.splice(asked.indexOf(first), 1);
        send({ type: "probed", key: first, outcome, reason: outcome });
      }
    }
  }

  const marks = marksOf(arbiter);
  const published = publishedNodes(arbiter).map((key) => {
    const mark = marks[key];
    if (mark === undefined) return `= ${key}`;
    const { reporters = 0 } = mark.down ?? {};
    return `= ${key} ${mark.kind} since ${mark.sinceMs}${reporters === 0 ? "" : `, reported by ${reporters}`}`;
  });
  return [...lines, ...published];
}

function readInherited(text: string) {
  const [starred = "", kind, since, holdUntil, flaps] = text.split("/");
  const key = starred.replace("*", "");
  const down = { holdUntilMs: Number(holdUntil), flaps: Number(flaps), failedProbes: 2, reporters: 0 };
  const mark = {
    kind: kind as MarkKind,
    sinceMs: Number(since),
    reason: "seen by another",
    ...(holdUntil === undefined ? {} : { down }),
  };
  return {
    key,
    address: key.replace(/^.*@/, ""),
    trusted: starred.endsWith("*"),
    mark: kind === undefined ? undefined : mark,
  };
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

tellStories("arbiter.txt", tellArbiter);
tellStories("detector.txt", tellDetector);
tellStories("silence.txt", tellSilence);
