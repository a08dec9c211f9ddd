import assert from "node:assert/strict";
import { channel } from "node:diagnostics_channel";
import { describe, it } from "node:test";
import { sendWithoutRepeated, withoutRepeated } from "./repeated-headers.js";

const parent = (trace: string, span: string) => `00-${trace.repeat(32)}-${span.repeat(16)}-01`;

describe("headers that an instrumentation of undici adds", () => {
  it("a traceparent of the same trace takes the place of the request's: its span is the inner one", () => {
    const ours = ["accept", "*/*", "traceparent", parent("a", "1"), "baggage", "shop=1"];
    const added = ["traceparent", parent("a", "2"), "baggage", "shop=2"];
    assert.deepEqual(withoutRepeated(ours, added), ["accept", "*/*", ...added]);
  });

  it("a traceparent of another trace is left out, in whatever case its name is", () => {
    const ours = ["traceparent", parent("a", "1")];
    const added = ["Traceparent", parent("b", "2"), "tracestate", "vendor=1"];
    assert.deepEqual(withoutRepeated(ours, added), [...ours, "tracestate", "vendor=1"]);
  });

  it("what is no traceparent is left out, and what the request does not have is kept", () => {
    const ours = ["traceparent", "of an older version"];
    assert.deepEqual(withoutRepeated(ours, ["traceparent", parent("b", "2")]), ours);
    assert.deepEqual(withoutRepeated([], ["b3", "1"]), ["b3", "1"]);
  });

  it("they are looked at in the request that is sent, after every listener, and in no other request", () => {
    const created = channel("undici:request:create");
    const request = { headers: ["traceparent", parent("a", "1")] };
    const other = { headers: ["x-other", "1", "x-other", "2"] };
    const instrumentation = (message: unknown) => {
      const { headers } = (message as { readonly request: { readonly headers: string[] } }).request;
      headers.push("traceparent", parent("a", "2"));
    };
    created.subscribe(instrumentation);
    sendWithoutRepeated([...request.headers], () => {
      created.publish({ request });
      created.publish({ request: other });
    });
    assert.deepEqual(request.headers, ["traceparent", parent("a", "2")]);
    assert.equal(other.headers.length, 6);
    created.unsubscribe(instrumentation);
    assert.equal(created.hasSubscribers, false);
  });
});
