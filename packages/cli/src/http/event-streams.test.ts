import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, get, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { it } from "node:test";
import { ManualTimers, waitUntil } from "@rollcall/testing";
import { EventStreams, eventText, streamsMax } from "./event-streams.js";

/** A real server: what a listener does not read stays in the buffers of both machines. */
async function serve(
  test: (parts: {
    streams: EventStreams;
    timers: ManualTimers;
    open(): Promise<IncomingMessage>;
    listens(): boolean;
  }) => Promise<void>,
) {
  const timers = new ManualTimers();
  let listens = false;
  const streams = new EventStreams(timers, () => {
    listens = true;
    return () => {
      listens = false;
    };
  });
  const server = createServer((_, response) => streams.open(response, {}, eventText("state", "first")));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const open = async () => {
    const [response] = (await once(get({ host: "127.0.0.1", port, agent: false }), "response")) as [IncomingMessage];
    response.on("error", () => {});
    return response;
  };
  try {
    await test({ streams, timers, open, listens: () => listens });
  } finally {
    streams.close();
    server.close();
  }
}

/** So large that buffers hold a few. */
const stateOf = (number: number) => `${number} ${"x".repeat(1_000_000)}`;
const numbersIn = (text: string) => [...text.matchAll(/^data: "(\d+) x/gm)].map(([, number]) => Number(number));

it("a listener that is slow gets the newest state when it reads again, and no queue of older ones", () =>
  serve(async ({ streams, open }) => {
    const slow = await open();
    const quick = await open();
    const read = { slow: "", quick: "" };
    quick.setEncoding("utf8").on("data", (piece: string) => {
      read.quick += piece;
    });
    for (let number = 1; number <= 30; number++) {
      streams.publish("state", stateOf(number));
      await waitUntil(
        "the quick one has it",
        () => numbersIn(read.quick).includes(number) && read.quick.endsWith("\n\n"),
      );
    }
    streams.publish("history", "kept");
    slow.setEncoding("utf8").on("data", (piece: string) => {
      read.slow += piece;
    });
    await waitUntil("the slow one has the newest", () => numbersIn(read.slow).includes(30));
    await waitUntil("it has the other event, too", () => read.slow.includes('event: history\ndata: "kept"'));
    const got = numbersIn(read.slow);
    assert.ok(got.length < 20, `it got ${got.length} of 30`);
    assert.deepEqual(
      got,
      [...got].sort((a, b) => a - b),
    );
  }));

it("a listener that has read nothing for 30 s is ended", () =>
  serve(async ({ streams, timers, open }) => {
    const stuck = await open();
    await waitUntil("it is blocked", () => {
      streams.publish("state", stateOf(1));
      timers.advance(1);
      return true;
    });
    for (let number = 2; number <= 30; number++) streams.publish("state", stateOf(number));
    timers.advance(29_000);
    streams.publish("state", stateOf(31));
    assert.equal(streams.count, 1);
    timers.advance(2_000);
    streams.publish("state", stateOf(32));
    await waitUntil("it is gone", () => streams.count === 0);
    stuck.destroy();
  }));

it("something is listened to only while there is a stream, and closing ends all of them", () =>
  serve(async ({ streams, open, listens }) => {
    assert.equal(listens(), false);
    const one = await open();
    const other = await open();
    assert.deepEqual([listens(), streams.count, streams.isFull], [true, 2, false]);
    one.destroy();
    await waitUntil("one has gone", () => streams.count === 1);
    assert.equal(listens(), true);
    for (let count = 1; count < streamsMax; count++) await open();
    assert.equal(streams.isFull, true);
    const ended = new Promise((resolve) => other.on("close", resolve));
    streams.close();
    await ended;
    assert.deepEqual([streams.count, listens()], [0, false]);
  }));
