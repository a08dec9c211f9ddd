import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { present } from "../../present.js";
import { readStories } from "../../stories.test.support.js";
import type { MarkKind } from "../../view/view.js";
import { arbiterDueMs, emptyArbiter, marksOf, nextArbiter, publishedKeys, publishedNodes } from "./arbiter.js";
import type { ArbiterEvent } from "./arbiter-events.js";
import { choosePeers, isSelfSuspect, type Peer } from "./peers.js";
import type { ProbeOutcome } from "./probe-outcome.js";

/** Half of every random part: waits of 750, 1500, 3000, 3750, 3750 … ms, and periods of exactly 10 s. */
const random = () => 0.5;

/**
 * inherit KEY[/MARK]…       what the last leader has published; a star marks a seed; a mark is such as
 *                           slow-start/SINCE, draining/SINCE or down/SINCE/HOLD-UNTIL/FLAPS
 * members [first] KEY…      the list of members; a star marks a seed
 * KEY says OUTCOME          the result of one pending probe
 * KEY always OUTCOME        from here on every probe of it has this result at once, and is not shown
 * report KEY [PROCESS [probed]]   a process has ejected it; probed: the report is backed by a failed probe
 * live [PROCESS]…           the other processes that are alive from here on; at first there are none
 * PROCESS ejects [KEY]…     its heartbeat names these as ejected
 * PROCESS may-not-use KEY…   its configuration keeps it from these
 * PROCESS reaches|fails KEY [SUSPICION]   the result of its peer probe, for the last suspicion or an earlier one
 * refute KEY PROCESS        a process has just had a byte from it
 * unmark KEY                an operator takes its down mark back
 * wait MS                   ticks come when they are due
 * stopped MS                no tick comes for so long, then one does
 *
 * The last lines of an outcome are what is published in the end.
 */
function run(steps: readonly string[]): string[] {
  let arbiter = emptyArbiter;
  let nowMs = 0;
  const lines: string[] = [];
  const asked: string[] = [];
  const always = new Map<string, ProbeOutcome>();
  let others: readonly Peer[] = [];
  const suspicions = new Map<string, number>();

  const isBelieved = (replica: string, about: string): boolean => {
    const observer = others.find((other) => other.replica === replica);
    return observer === undefined || !isSelfSuspect(observer, about, publishedKeys(arbiter));
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
          lines.push(`${nowMs} sniff`);
          break;
        case "topologyChanged":
          lines.push(`${nowMs} topology`);
          break;
        case "marksChanged":
          lines.push(`${nowMs} marks`);
          break;
        case "disputed":
          lines.push(
            `${nowMs} ${effect.key} disputed: ${effect.reachedBy === undefined ? "no peer answers" : `${effect.reachedBy} reaches it`}`,
          );
          break;
        case "disputeCleared":
          lines.push(`${nowMs} ${effect.key} dispute cleared`);
          break;
        case "requestPeerProbes": {
          const { key, suspicion, except } = effect;
          suspicions.set(key, suspicion);
          const choice = choosePeers(others, { key, nodes: publishedKeys(arbiter), except }, random);
          const { replicas, isAlone } = choice;
          if (!isAlone) lines.push(`${nowMs} ask ${replicas.join(" ") || "no peer"} to probe ${key}`);
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
      const probe = probed === undefined ? undefined : ("failed" as const);
      send({ type: "reported", key: second, reason: "reported", ...present({ replica, probe }) });
    } else if (first === "live") {
      others = [second, ...rest].filter((name) => name !== "").map((name) => ({ replica: name, ejected: [] }));
    } else if (second === "may-not-use") {
      const avoids = rest.map((node) => ({ node, state: "unusable" }));
      others = others.map((other) => (other.replica === first ? { ...other, avoids } : other));
    } else if (second === "ejects") {
      others = others.map((other) => (other.replica === first ? { replica: first, ejected: rest } : other));
    } else if (second === "reaches" || second === "fails") {
      const [key = "", suspicion = suspicions.get(key)] = rest;
      const ok = second === "reaches";
      if (!ok && !isBelieved(first, key)) continue;
      send({ type: "peerProbed", key, suspicion: Number(suspicion), replica: first, ok });
    } else if (first === "refute") {
      send({ type: "refuted", key: second, replica: rest[0] ?? "" });
    } else if (first === "used") {
      send({ type: "used" });
    } else if (first === "unmark") {
      send({ type: "unmarked", key: second, reason: "taken back" });
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
        assert.ok(asked.includes(first), `no probe of ${first} is pending`);
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
  const known = holdUntil === undefined ? undefined : down;
  const mark = present({ kind: kind as MarkKind, sinceMs: Number(since), reason: "seen by another", down: known });
  const trusted = starred.endsWith("*");
  return { key, address: key.replace(/^.*@/, ""), trusted, mark: kind === undefined ? undefined : mark };
}

describe("arbiter.txt", () => {
  // The tests run from dist; the stories stay in src.
  const text = readFileSync(new URL("../../../src/health/arbiter/testdata/arbiter.txt", import.meta.url), "utf8");
  for (const { title, steps, outcome } of readStories(text)) it(title, () => assert.deepEqual(run(steps), outcome));
});
