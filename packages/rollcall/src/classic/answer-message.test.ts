import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { it } from "node:test";
import type { PoolResponse, StreamResponse } from "@rollcall/worker";
import { streamedMessage, WholeMessage } from "./answer-message.js";

const headers = { warning: ["299 a", "299 b"], "content-type": ["text/plain", "text/html"], "set-cookie": "a=1" };
const answer = { status: 200, headers, text: () => "ä", bytes: () => Buffer.from("ä") } as unknown as PoolResponse;

it("headers that came more than once are one text, as Node has them, but for cookies", () => {
  const expected = { warning: "299 a, 299 b", "content-type": "text/plain", "set-cookie": ["a=1"] };
  assert.deepEqual(new WholeMessage(answer).headers, expected);
  const stream = { status: 200, headers, body: Readable.from([]) } as unknown as StreamResponse;
  assert.deepEqual(Object.entries(streamedMessage(stream)).find(([name]) => name === "headers")?.[1], expected);
});

it("an answer comes as text where the transport asks for text, and otherwise as bytes", async () => {
  const read = (isText: boolean) =>
    new Promise((resolve) => {
      const message = new WholeMessage(answer);
      if (isText) message.setEncoding();
      let content: unknown;
      message.on("data", (given) => {
        content = given;
      });
      message.on("end", () => resolve(content));
    });
  assert.equal(await read(true), "ä");
  assert.deepEqual(await read(false), Buffer.from("ä"));
});
