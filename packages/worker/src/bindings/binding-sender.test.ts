import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { ManualTimers } from "@rollcall/testing";
import type { AnswerReader } from "../dispatch/answer-stream.js";
import type { PreparedRequest, RequestOwner, Result } from "../dispatch/sender.js";
import { withBindings } from "./binding-sender.js";
import { createBindingWords } from "./binding-table.js";

type Reply = {
  readonly node: string;
  readonly body: string | Buffer;
  readonly headers?: string;
  readonly status?: number;
};

/** A sender that answers as it is told, and what it was given. */
function openScene() {
  const timers = new ManualTimers(1_000_000);
  const sent: PreparedRequest[] = [];
  let reply: Reply | Result = { node: "es1:9200", body: "{}" };
  let reader: AnswerReader | undefined;
  const under = {
    start(request: PreparedRequest, owner: RequestOwner) {
      sent.push(request);
      if ("kind" in reply) owner.settle(reply);
      else {
        const { node, body, headers: rawHeaders = "", status = 200 } = reply;
        const head = { status, rawHeaders, node, nodeUrl: `http://${node}`, attempts: [] };
        const source = { open: (one: AnswerReader) => (reader = one), read: () => {}, drop: () => {} };
        if (request.answerWindowBytes > 0) owner.streaming?.({ ...head, windowBytes: 1, source });
        else owner.settle({ kind: "answered", ...head, body });
      }
      return { cancel: () => {} };
    },
  };
  const sender = withBindings(under, createBindingWords(), () => timers.nowMs());
  const prepared = (call: string, body?: object | string, more: Partial<PreparedRequest> = {}): PreparedRequest => {
    const [method, path = ""] = call.split(" ");
    return {
      ...{ method: method as PreparedRequest["method"], path, headers: [], class: "never", reroutable: true },
      ...{ maxRetries: 2, deadlineMs: 0, sentBefore: 0, settings: undefined, answerWindowBytes: 0 },
      body: typeof body === "object" ? JSON.stringify(body) : body,
      ...more,
    };
  };
  return {
    timers,
    answers(next: Reply | Result) {
      reply = next;
    },
    /** The node that the request names as it is sent, or else the error's message. */
    send(call: string, body?: object | string, more: Partial<PreparedRequest> = {}): string | undefined {
      let failed: string | undefined;
      sender.start(prepared(call, body, more), {
        settle: (result) => {
          if (result.kind === "failed") failed = result.error.message;
        },
      });
      return failed ?? sent.at(-1)?.settings?.node;
    },
    stream(call: string, pieces: readonly string[]): string[] {
      const read: string[] = [];
      sender.start(prepared(call, undefined, { answerWindowBytes: 1 }), {
        settle: () => {},
        streaming: ({ source }) =>
          source.open({ piece: (bytes) => read.push(String(bytes)), end: () => {}, broken: () => {} }),
      });
      for (const piece of pieces) reader?.piece(Buffer.from(piece));
      return read;
    },
    get last() {
      return sent.at(-1) ?? assert.fail("nothing was sent");
    },
  };
}

const opened = { node: "es2:9200", body: '{"_scroll_id":"one==","took":1}' };
const page = { scroll: "1m", scroll_id: "one==" };

describe("searches of nodes with different users", () => {
  it("a scroll goes on at the node that opened it, page by page with each new id, and nothing else is bound", () => {
    const { answers, send } = openScene();
    answers(opened);
    assert.equal(send("POST /logs/_search?scroll=1m"), undefined);
    answers({ node: "es2:9200", body: Buffer.from('{ "_scroll_id" : "two==", "took" : 1 }') });
    assert.equal(send("POST /_search/scroll", page), "es2:9200");
    assert.equal(send("GET /_search/scroll?scroll_id=two%3D%3D"), "es2:9200");
    assert.equal(send("POST /_search/scroll", { scroll_id: "other" }), undefined);
    assert.equal(send("DELETE /_search/scroll", { scroll_id: ["one==", "two=="] }), undefined);
    assert.equal(send("POST /logs/_search"), undefined);
  });

  it("asynchronous searches and the pages of SQL go on where they began, wherever the engine writes the id", () => {
    const { answers, send } = openScene();
    answers({ node: "es3:9200", body: '{"id":"async==","is_partial":true}' });
    send("POST /logs/_async_search");
    assert.equal(send("GET /_async_search/async%3D%3D"), "es3:9200");
    answers({ node: "es1:9200", body: `{"rows":[["${"x".repeat(70_000)}"]],"cursor":"c=="}` });
    send("POST /_sql", { query: "SELECT 1" });
    assert.equal(send("POST /_sql", { cursor: "c==" }), "es1:9200");
    answers({ node: "es2:9200", body: "a,b", headers: "Cursor: text\r\nAsync-ID: q1" });
    send("POST /_sql?format=csv", { query: "SELECT 1" });
    assert.equal(send("GET /_sql/async/q1"), "es2:9200");
    answers({ node: "es1:9200", body: "", headers: "X-Elasticsearch-Async-Id: q2" });
    send("POST /_query/async?format=txt", { query: "FROM x" });
    assert.equal(send("GET /_query/async/q2"), "es1:9200");
  });

  it("the id is found in an answer that comes packed, and in one that streams, in pieces of any size", () => {
    const { answers, send, stream } = openScene();
    answers({ ...opened, body: gzipSync(opened.body), headers: "Content-Encoding: gzip" });
    send("POST /logs/_search?scroll=1m");
    assert.equal(send("POST /_search/scroll", page), "es2:9200");
    answers({ node: "es3:9200", body: "" });
    const pieces = ['{"_scr', 'oll_id":"lo', 'ng==","hits":', "{}}"];
    assert.deepEqual(stream("POST /logs/_search?scroll=1m", pieces), pieces);
    assert.equal(send("POST /_search/scroll", { scroll_id: "long==" }), "es3:9200");
  });

  it("a page stays bound where its answer hides the id, as long as the time that it has asked for", () => {
    const { timers, answers, send } = openScene();
    answers(opened);
    send("POST /logs/_search?scroll=1m");
    timers.advance(50_000);
    answers({ node: "es2:9200", body: '{"hits":{}}' });
    assert.equal(send("POST /_search/scroll?filter_path=hits", page), "es2:9200");
    timers.advance(50_000);
    assert.equal(send("POST /_search/scroll", page), "es2:9200");
    timers.advance(70_000);
    assert.equal(send("POST /_search/scroll", page), undefined);
  });

  it("a search that is closed is bound no more, nor one that its node has refused", () => {
    const { answers, send } = openScene();
    answers({ node: "es3:9200", body: '{"id":"async=="}' });
    send("POST /_async_search");
    assert.equal(send("DELETE /_async_search/async=="), "es3:9200");
    assert.equal(send("GET /_async_search/async=="), undefined);
    answers({ ...opened, status: 429 });
    send("POST /logs/_search?scroll=1m");
    assert.equal(send("POST /_search/scroll", page), undefined);
  });

  it("a request that names its node goes there, and one with a credential of its own anywhere", () => {
    const { answers, send } = openScene();
    answers(opened);
    send("POST /logs/_search?scroll=1m");
    assert.equal(send("POST /_search/scroll", page, { settings: { node: "es9:9200" } }), "es9:9200");
    answers(opened);
    send("POST /logs/_search?scroll=1m");
    assert.equal(send("POST /_search/scroll", page, { settings: { hasOwnAuth: true } }), undefined);
  });

  it("a bound request keeps its own settings, and is not rerouted", () => {
    const scene = openScene();
    scene.answers(opened);
    scene.send("POST /logs/_search?scroll=1m");
    scene.send("POST /_search/scroll", page, { settings: { maxResponseBytes: 7 } });
    assert.deepEqual(scene.last.settings, { maxResponseBytes: 7, node: "es2:9200" });
    assert.equal(scene.last.reroutable, false);
  });

  it("the error says that the scroll is lost if its node is gone, and nothing of it where another thing failed", () => {
    const { answers, send } = openScene();
    answers(opened);
    send("POST /logs/_search?scroll=1m");
    const failed = (code: "NO_NODE" | "TIMEOUT", message: string): Result => ({
      kind: "failed",
      error: { code, message, sent: "no", attempts: [] },
    });
    answers(failed("NO_NODE", "no node is called es2:9200"));
    assert.equal(
      send("POST /_search/scroll", page),
      "the scroll was opened at es2:9200 as that node's own user, and no other node can go on with it; it is lost, so open it anew: no node is called es2:9200",
    );
    answers(failed("TIMEOUT", "no answer within 5 ms"));
    assert.equal(send("POST /_search/scroll", page), "no answer within 5 ms");
  });
});
