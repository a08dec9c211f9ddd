import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { afterAnswer, afterRefusal, afterWindow, type InFlightLimit, noLimit, roomOf } from "./in-flight-limit.js";
import { refusalOf } from "./refusal.js";

interface Story {
  readonly title: string;
  readonly lines: readonly string[];
}

function storiesOf(name: string): Story[] {
  const text = readFileSync(new URL(`../../src/overload/testdata/${name}`, import.meta.url), "utf8");
  let title = "";
  const stories: Story[] = [];
  for (const paragraph of text.split(/\n{2,}/)) {
    const lines = paragraph.split("\n").filter((line) => line !== "" && !line.startsWith("# "));
    if (lines[0]?.startsWith("## ")) title = lines.shift()?.slice(3) ?? title;
    if (lines.length > 0) stories.push({ title, lines });
  }
  return stories;
}

const numbersOf = (text: string): number[] => (text.match(/[\d.]+/g) ?? []).map(Number);

describe("the limit of attempts in flight", () => {
  for (const { title, lines } of storiesOf("limit.txt")) {
    it(`${title} (${lines.join("; ")})`, () => playLimit(lines));
  }
});

function playLimit([first = "", ...steps]: readonly string[]): void {
  const [perNode = 0, nodes = 0, timeoutMs = 0] = numbersOf(first);
  let terms = { perNode, nodes, timeoutMs };
  let state: InFlightLimit = noLimit;
  let nowMs = 0;
  let waiting = 0;
  for (const step of steps) {
    const [happening = "", expected = ""] = step.split(" -> ");
    const [number = 0, mostUsed = 0, lengthMs = 250] = numbersOf(happening);
    if (happening.startsWith("window"))
      state = afterWindow(state, { medianMs: number, mostUsed, lengthMs }, terms, nowMs);
    else if (happening === "refused") state = afterRefusal(state, terms, nowMs);
    else if (happening.startsWith("answers")) {
      for (let answer = 0; answer < number; answer++) {
        state = afterAnswer(state, { tookMs: mostUsed, inFlight: lengthMs }, terms, nowMs);
      }
    } else if (happening.startsWith("waiting")) waiting = number;
    else if (happening.startsWith("after")) nowMs += number;
    else terms = { ...terms, nodes: number };
    const [limit, baseMs] = numbersOf(expected);
    if (limit !== undefined) assert.equal(roomOf(state, terms, waiting, nowMs), limit, step);
    if (baseMs !== undefined) assert.equal(Math.round(state.baseMs ?? 0), baseMs, step);
  }
}

describe("calls that would have to wait", () => {
  for (const { title, lines } of storiesOf("refusals.txt")) {
    for (const line of lines) it(`${title} (${line})`, () => playRefusal(line));
  }
});

function playRefusal(line: string): void {
  const [settings = "", expected] = line.split(" -> ");
  const words = settings.split(", ");
  const number = (name: string, initial: number) => {
    const word = words.find((one) => one.startsWith(`${name} `));
    return word === undefined ? initial : Number(word.slice(name.length + 1));
  };
  const isGrowing = words.includes("growing");
  const refusal = refusalOf(
    { ahead: number("ahead", 5), waitMs: number("wait", 100), leftMs: number("left", 2_000) },
    { debtMs: number("debt", 0), nodeMs: number("node", 20), isOver: isGrowing || words.includes("over"), isGrowing },
    { perThread: 100, timeoutMs: 2_000 },
  );
  assert.equal(refusal ?? "waits", expected);
}
