import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { readStories } from "../stories.test.support.js";
import { type Mark, markKinds } from "../view/view.js";
import { newLoopLag, nextLoopLag, waitingSinceMs } from "./loop-lag.js";
import { type LocalNodeEvent, nextNode, nodeDueMs } from "./next-node.js";
import { type LocalNode, newNode, shownMark, standingOf } from "./node.js";
import type { LocalProbe, NodeEffect, ProbeResult } from "./node-probe.js";

/** Half of every random part: waits of 750, 1500, 3000, 6000, 7500 … ms. */
const random = () => 0.5;

/**
 * A node that the view lists, and of which nothing is known yet. The time begins at 0.
 *
 * failed since MS answered N      an attempt that began at MS failed on its connection; the node had given N answers
 * send | end | byte               a request is sent; the oldest ends without a byte; a byte comes
 * handshake MS                    how long the last handshake took
 * verify|trial|sign|proof RESULT        the result of that probe: reached, unreachable, foreign or void
 * probe N RESULT                  the result of the stall detector's probe of that number
 * view [stale] [unvouched] unlisted|well|unverified|slow-start|draining|down [since MS] [unprobed]
 *                                 a view; unprobed: its mark rests on no failed probe; unvouched: others may have
 *                                 written it. At first there is one that lists the node, unless the story begins so
 * sign wanted                     Reads would be rerouted to the node
 * wait MS                         beats and ticks come in time
 * stopped MS                      the process does not run for this long
 *
 * An outcome shows the changes of the three parts, the effects, and in its last line how the node stands in the end.
 */
class NodeStory {
  private nowMs = 0;
  private node: LocalNode = newNode(0);
  private isFirst = true;
  private lag = newLoopLag(0);
  private readonly sent: number[] = [];
  private lastByteMs = Number.NEGATIVE_INFINITY;
  private handshakeMs: number | undefined;
  private timeoutMs = 0;
  readonly lines: string[] = [];

  take(step: string): void {
    const [what = "", second = "", third = "", , fifth = ""] = step.split(" ");
    if (this.isFirst && !step.startsWith("view unvouched")) {
      this.node = nextNode(this.node, listed, { ...idle }, 0, random)[0];
    }
    this.isFirst = false;
    if (step === "sign wanted") this.send({ type: "signWanted" });
    else if (what === "failed")
      this.send({ type: "failed", startedAtMs: Number(third), answers: Number(fifth), reason: "refused" });
    else if (what === "send") this.sent.push(this.nowMs);
    else if (what === "end") this.sent.shift();
    else if (what === "byte") this.lastByteMs = this.nowMs;
    else if (what === "handshake") this.handshakeMs = Number(second);
    else if (what === "verify" || what === "trial" || what === "sign" || what === "proof")
      this.send({ type: "probed", probe: { purpose: what }, result: resultOf(second) });
    else if (what === "probe") {
      const probe: LocalProbe = { purpose: "stall", number: Number(second), timeoutMs: this.timeoutMs };
      this.send({ type: "probed", probe, result: resultOf(third) });
    } else if (what === "view") this.send(viewOf(step));
    else if (what === "stopped") {
      this.nowMs += Number(second);
      this.beat();
    } else {
      assert.equal(what, "wait");
      this.wait(this.nowMs + Number(second));
    }
  }

  end(): string[] {
    const { state, reason } = standingOf(this.node, 0);
    if (shownMark(this.node) === "unproven") this.lines.push("= no requests");
    return [...this.lines, `= ${state}${reason === undefined ? "" : `: ${reason}`}`];
  }

  private wait(untilMs: number): void {
    for (;;) {
      const dueMs = nodeDueMs(this.node) ?? Number.POSITIVE_INFINITY;
      if (Math.min(dueMs, this.lag.dueMs) > untilMs) break;
      this.nowMs = Math.max(this.nowMs, Math.min(dueMs, this.lag.dueMs));
      if (dueMs <= this.nowMs) this.send({ type: "tick" });
      if (this.nowMs === this.lag.dueMs) this.beat();
    }
    this.nowMs = untilMs;
  }

  private beat(): void {
    this.lag = nextLoopLag(this.lag, this.nowMs);
    this.send({ type: "tick" });
    this.send({ type: "traffic" });
  }

  private send(event: LocalNodeEvent): void {
    const { nowMs, lastByteMs, handshakeMs } = this;
    const [oldestMs, newestMs] = [this.sent[0], this.sent.at(-1)].map((atMs) =>
      atMs === undefined ? undefined : waitingSinceMs(this.lag, atMs, nowMs),
    );
    const before = this.node;
    const [after, effects] = nextNode(before, event, { oldestMs, newestMs, lastByteMs, handshakeMs }, nowMs, random);
    this.node = after;
    for (const part of ["mark", "stall", "breaker", "proof"] as const) {
      if (before[part].state === after[part].state && !isMovedOn(before, after, part)) continue;
      const until = part === "breaker" && after.breaker.state === "open" ? ` until ${after.breaker.untilMs}` : "";
      this.lines.push(`${nowMs} ${before[part].state} -> ${after[part].state}${until}`);
    }
    for (const effect of effects) {
      if (effect.type === "changed") continue;
      if (effect.type === "probe" && effect.probe.purpose === "stall") this.timeoutMs = effect.probe.timeoutMs;
      this.lines.push(`${nowMs} ${textOf(effect)}`);
    }
  }
}

const idle = { oldestMs: undefined, newestMs: undefined, lastByteMs: Number.NEGATIVE_INFINITY, handshakeMs: undefined };
const listed: LocalNodeEvent = { type: "marked", mark: undefined, isFresh: true, isListed: true, isVouched: true };

function isMovedOn(before: LocalNode, after: LocalNode, part: "mark" | "stall" | "breaker" | "proof"): boolean {
  return part === "mark" && before.mark.state === "obeyed" && after.mark.state === "obeyed"
    ? before.mark.mark.kind !== after.mark.mark.kind
    : false;
}

function resultOf(kind: string): ProbeResult {
  return kind === "reached" ? { kind } : { kind: kind as "unreachable", reason: "no answer" };
}

function viewOf(step: string): LocalNodeEvent {
  const words = step.split(" ").slice(1);
  const kind = markKinds.find((one) => words.includes(one));
  const sinceMs = words.includes("since") ? Number(words[words.indexOf("since") + 1]) : 0;
  const down = { flaps: 1, holdUntilMs: 0, failedProbes: words.includes("unprobed") ? 0 : 2, reporters: 0 };
  const mark: Mark | undefined =
    kind === undefined ? undefined : { kind, sinceMs, reason: "seen by others", ...(kind === "down" ? { down } : {}) };
  const isVouched = !words.includes("unvouched");
  return { type: "marked", mark, isFresh: !words.includes("stale"), isListed: !words.includes("unlisted"), isVouched };
}

function textOf(effect: Exclude<NodeEffect, { type: "changed" }>): string {
  switch (effect.type) {
    case "reroute":
      return "reroute";
    case "report":
      return `report: ${effect.reason}${effect.probed ? ", probed" : ""}`;
    case "probe":
      return effect.probe.purpose === "stall"
        ? `probe ${effect.probe.number} within ${effect.probe.timeoutMs}`
        : `probe: ${effect.probe.purpose}`;
  }
}

describe("the node stories (node.txt)", () => {
  // The tests run from dist; the stories stay in src.
  const text = readFileSync(new URL("../../src/health/testdata/node.txt", import.meta.url), "utf8");
  for (const { title, steps, outcome } of readStories(text)) {
    it(title, () => {
      const story = new NodeStory();
      for (const step of steps) story.take(step);
      assert.deepEqual(story.end(), outcome);
    });
  }
});
