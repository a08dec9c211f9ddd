import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { nextReceiveWindow, nextSendWindow, receiveWindow, sendWindow } from "./window.js";
import { nextWindowBytes, windowMinBytes, windowsMaxBytes } from "./window-sizes.js";

/** A stream between two ends whose messages are delivered only when the test says so. */
class Link {
  sender;
  receiver;
  readonly pieces: number[] = [];
  readonly reports: number[] = [];
  /** Received, and not taken by the reader. */
  held = 0;

  constructor(readonly windowBytes: number) {
    this.sender = sendWindow(windowBytes);
    this.receiver = receiveWindow(windowBytes);
  }

  send(byteLength: number): string {
    if (this.sender.kind === "full") return "no credit";
    const [sender, effect] = nextSendWindow(this.sender, { type: "sent", byteLength });
    this.sender = sender;
    this.pieces.push(byteLength);
    return effect ?? sender.kind;
  }

  receive(): string {
    const byteLength = this.pieces.shift() ?? 0;
    [this.receiver] = nextReceiveWindow(this.receiver, { type: "received", byteLength });
    this.held += byteLength;
    return this.receiver.kind;
  }

  take(atMost: number): string {
    const byteLength = Math.min(atMost, this.held);
    const [receiver, effect] = nextReceiveWindow(this.receiver, { type: "taken", byteLength });
    this.receiver = receiver;
    this.held -= byteLength;
    if (effect !== undefined) this.reports.push(effect.byteLength);
    return effect === undefined ? "no report" : `report ${effect.byteLength}`;
  }

  read(): string {
    const [sender, effect] = nextSendWindow(this.sender, { type: "read", byteLength: this.reports.shift() ?? 0 });
    this.sender = sender;
    return effect ?? sender.kind;
  }
}

/** Each line: what happens, and what must come of it. */
function play(windowBytes: number, story: string): void {
  const link = new Link(windowBytes);
  for (const line of story.trim().split("\n")) {
    const [event = "", expected] = line.trim().split(" -> ");
    const [name, bytes] = event.split(" ");
    const did = {
      send: () => link.send(Number(bytes)),
      receive: () => link.receive(),
      take: () => link.take(Number(bytes)),
      read: () => link.read(),
    }[name ?? ""];
    assert.equal(did?.(), expected, line);
  }
}

describe("flow control by credit", () => {
  it("a sender stops after the piece that fills the window, and goes on when half of it was read", () => {
    play(
      100,
      `send 60 -> open
       send 60 -> pause
       send 1 -> no credit
       receive -> waiting
       receive -> full
       take 40 -> no report
       take 20 -> report 60
       read -> resume
       send 10 -> open`,
    );
  });

  it("a sender that is far ahead stays stopped until it is within the window again", () => {
    play(
      100,
      `send 300 -> pause
       receive -> full
       take 60 -> report 60
       read -> full
       take 150 -> report 150
       read -> resume`,
    );
  });

  it("a receiver whose reader takes nothing is full, and waits for nothing", () => {
    play(
      10,
      `send 4 -> open
       receive -> waiting
       send 9 -> pause
       receive -> full`,
    );
  });

  it("a sender without a window waits for its first credit", () => {
    const waiting = sendWindow(0);
    assert.equal(waiting.kind, "full");
    const [open, effect] = nextSendWindow(waiting, { type: "read", byteLength: 8 });
    assert.deepEqual([open.kind, effect], ["open", "resume"]);
    assert.equal(nextSendWindow(open, { type: "sent", byteLength: 8 })[1], "pause");
  });

  it("no order of messages makes more unread than the window and one piece, and none ends in a deadlock", () => {
    const size = fc.integer({ min: 1, max: 40 });
    const step = fc.oneof(
      fc.record({ what: fc.constant("send" as const), size }),
      fc.record({ what: fc.constant("take" as const), size }),
      fc.record({ what: fc.constantFrom("receive" as const, "read" as const), size: fc.constant(0) }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), fc.array(step, { maxLength: 200 }), (windowBytes, steps) => {
        const link = new Link(windowBytes);
        for (const { what, size: bytes } of steps) {
          if (what === "receive" ? link.pieces.length === 0 : what === "read" && link.reports.length === 0) continue;
          link[what](bytes);
          const onTheWay = link.pieces.reduce((sum, piece) => sum + piece, 0);
          assert.ok(onTheWay + link.held < windowBytes + 40);
        }
        while (link.pieces.length > 0) link.receive();
        link.take(link.held);
        while (link.reports.length > 0) link.read();
        assert.deepEqual([link.held, link.sender.kind, link.receiver.kind], [0, "open", "waiting"]);
      }),
    );
  });
});

describe("the windows of one thread", () => {
  it("the first streams get large windows, the next ones small windows, and their sum has a bound", () => {
    const given: number[] = [];
    let sum = 0;
    for (let next = nextWindowBytes(sum); next !== undefined; next = nextWindowBytes(sum)) {
      given.push(next);
      sum += next;
    }
    assert.equal(sum, windowsMaxBytes);
    assert.equal(given.filter((bytes) => bytes === windowMinBytes).length, 128);
    assert.equal(given.filter((bytes) => bytes > windowMinBytes).length, 32);
  });

  it("a request that streams both ways gets two windows, or none", () => {
    const [half, all] = [windowsMaxBytes / 2, windowsMaxBytes];
    const large = nextWindowBytes(0) ?? 0;
    assert.deepEqual([nextWindowBytes(half - 2 * large, 2), nextWindowBytes(half - large, 2)], [large, windowMinBytes]);
    assert.equal(nextWindowBytes(all - 2 * windowMinBytes, 2), windowMinBytes);
    assert.equal(nextWindowBytes(all - windowMinBytes, 2), undefined);
  });
});
