import assert from "node:assert/strict";
import { it } from "node:test";
import type { RequestToSign } from "@rollcall/core/config";
import { canary, waitUntil } from "@rollcall/testing";
import { answer, endpointOf, mute, openRig, startRawServer, summary } from "./dispatch-rig.test.support.js";

/** A hook that answers when the test says so. */
class HeldHook {
  readonly asked: RequestToSign[] = [];
  private readonly answers: ((headers: Record<string, string>) => void)[] = [];

  readonly sign = (request: RequestToSign): Promise<Record<string, string>> => {
    this.asked.push(request);
    return new Promise((resolve) => this.answers.push(resolve));
  };

  answer(headers: Record<string, string>): void {
    this.answers.shift()?.(headers);
  }
}

const signed = /^authorization: (.*)$/m;

function signaturesOf({ requests }: { readonly requests: readonly string[] }): readonly (string | undefined)[] {
  return requests.map((head) => signed.exec(head.replaceAll("\r", ""))?.[1]);
}

it("a hook gets the request as it goes out, its body as bytes and the node's prefix in its path", async (test) => {
  const server = await startRawServer(test, answer);
  const asked: RequestToSign[] = [];
  const rig = openRig(test, {
    sign: (request) => {
      asked.push(request);
      return { ...request.headers, authorization: "signature" };
    },
  });
  const headers = { "user-agent": "rollcall" };
  rig.use(endpointOf(server.origin, { pathPrefix: "/es", headers }));
  const { result } = rig.begin({ path: "/a%2Fb/_doc?q=%20", headers: ["x-opaque-id", "1", "traceparent", "00"] });
  assert.equal(summary(await result).status, 200);
  assert.deepEqual(asked, [
    {
      ...{
        method: "GET",
        scheme: "http",
        host: "127.0.0.1",
        port: server.port,
        path: "/es/a%2Fb/_doc?q=%20",
        body: null,
      },
      headers: { host: `127.0.0.1:${server.port}`, "x-opaque-id": "1", "user-agent": "rollcall" },
    },
  ]);
  assert.match(server.requests[0] ?? "", /^GET \/es\/a%2Fb\/_doc\?q=%20 HTTP\/1.1\r\nhost: 127/);
  assert.match(server.requests[0] ?? "", /traceparent: 00\r\n/);
  assert.deepEqual(signaturesOf(server), ["signature"]);
});

it("each attempt of a request is signed anew", async (test) => {
  const server = await startRawServer(test, (socket) =>
    socket.write(`HTTP/1.1 ${server.requests.length === 1 ? 503 : 200} X\r\ncontent-length: 0\r\n\r\n`),
  );
  let signatures = 0;
  const rig = openRig(test, { sign: () => ({ authorization: `signature ${++signatures}` }) });
  rig.use(server.origin);
  assert.deepEqual(summary(await rig.request()), { status: 200, attempts: ["503", "200"] });
  assert.deepEqual(signaturesOf(server), ["signature 1", "signature 2"]);
});

it("an attempt that waits for its signature has its place at the node, and is no wait for the node", async (test) => {
  const server = await startRawServer(test, answer);
  const hook = new HeldHook();
  const rig = openRig(test, { sign: hook.sign, settings: { perNode: 1 } });
  rig.use(server.origin);
  const [first, second] = [rig.begin(), rig.begin()];
  assert.deepEqual([hook.asked.length, rig.dispatch.stats().queued, rig.inFlight], [1, 1, 1]);
  hook.answer({ authorization: "a" });
  assert.equal(summary(await first.result).status, 200);
  await waitUntil("the hook is asked", () => hook.asked.length === 2);
  hook.answer({ authorization: "b" });
  assert.equal(summary(await second.result).status, 200);
  assert.equal(rig.stats().nodes[0]?.requests, 2);
});

it("a request that is cancelled while it is signed is not sent, and its place is free for the next", async (test) => {
  const server = await startRawServer(test, answer);
  const hook = new HeldHook();
  const rig = openRig(test, { sign: hook.sign, settings: { perNode: 1 } });
  rig.use(server.origin);
  const [first, second] = [rig.begin(), rig.begin()];
  first.pending.cancel("TIMEOUT", "no answer within 5 ms");
  assert.deepEqual(summary(await first.result), { code: "TIMEOUT", sent: "no", attempts: [] });
  assert.equal(hook.asked.length, 2);
  hook.answer({ authorization: "late" });
  hook.answer({ authorization: "b" });
  await second.result;
  assert.deepEqual(signaturesOf(server), ["b"]);
});

it("a hook that throws fails the request at once, unsent and by name, without what it threw and without blame", async (test) => {
  const server = await startRawServer(test, answer);
  const secret = canary("signing");
  let isWell = false;
  const rig = openRig(test, {
    sign: () => {
      if (isWell) return { authorization: "a" };
      throw new Error(secret);
    },
  });
  rig.use(server.origin);
  const failed = await rig.request();
  assert.deepEqual(summary(failed), { code: "SIGN", sent: "no", attempts: [] });
  assert.equal(failed.kind === "failed" && failed.error.message, "the function given as `sign` threw Error");
  assert.deepEqual([rig.failures, rig.inFlight, server.connections], [[], 0, 0]);
  isWell = true;
  assert.equal(summary(await rig.request()).status, 200);
});

it("a request that is signed in vain frees its place for the next", async (test) => {
  const server = await startRawServer(test, answer);
  const hook = new HeldHook();
  const rig = openRig(test, { sign: hook.sign, settings: { perNode: 1 } });
  rig.use(server.origin);
  const [first, second] = [rig.begin(), rig.begin()];
  hook.answer({});
  assert.equal(summary(await first.result).code, "SIGN");
  await waitUntil("the next is signed", () => hook.asked.length === 2);
  hook.answer({ authorization: "a" });
  assert.equal(summary(await second.result).status, 200);
});

it("a hook that takes nine tenths of the time that its request has fails it by name, before its timeout", async (test) => {
  const server = await startRawServer(test, answer);
  const rig = openRig(test, { sign: () => new Promise(() => {}) });
  rig.use(server.origin);
  const failed = await rig.request({ deadlineMs: performance.now() + 40 });
  assert.deepEqual(summary(failed), { code: "SIGN", sent: "no", attempts: [] });
  const message = failed.kind === "failed" ? failed.error.message : "";
  const [, withinMs] = /^the function given as `sign` gave no headers within (\d+) ms$/.exec(message) ?? [];
  assert.ok(Number(withinMs) <= 36, message);
  assert.equal(rig.inFlight, 0);
});

it("a hook that fails for a later attempt leaves the truth about the earlier ones in the error", async (test) => {
  const server = await startRawServer(test, (socket) => socket.write("HTTP/1.1 503 X\r\ncontent-length: 0\r\n\r\n"));
  let calls = 0;
  const rig = openRig(test, { sign: () => (++calls === 1 ? { authorization: "a" } : {}) });
  rig.use(server.origin);
  assert.deepEqual(summary(await rig.request()), { code: "SIGN", sent: "maybe", attempts: ["503"] });
});

it("a request whose node goes away while it is signed is signed anew for another", async (test) => {
  const [gone, other] = [await startRawServer(test, answer), await startRawServer(test, answer)];
  const hook = new HeldHook();
  const rig = openRig(test, { sign: hook.sign });
  rig.use(gone.origin);
  const { result } = rig.begin();
  rig.use(other.origin);
  hook.answer({ authorization: "for the first" });
  await waitUntil("the hook is asked", () => hook.asked.length === 2);
  assert.equal(hook.asked[1]?.port, other.port);
  hook.answer({ authorization: "for the other" });
  assert.equal(summary(await result).status, 200);
  assert.deepEqual([signaturesOf(gone), signaturesOf(other)], [[], ["for the other"]]);
});

it("a Read that leaves a stalled node is signed anew, and answered by the next", async (test) => {
  const [stalled, well] = [await startRawServer(test, mute), await startRawServer(test, answer)];
  const hook = new HeldHook();
  const rig = openRig(test, { sign: hook.sign });
  rig.use(stalled.origin);
  const { result } = rig.begin();
  hook.answer({ authorization: "for the first" });
  await waitUntil("it waits there", () => stalled.requests.length === 1);
  rig.use(stalled.origin, well.origin);
  const now = performance.now();
  rig.dispatch.reroute({
    decidedAtMs: now,
    stuck: [{ slot: 0, generation: 1, suspectedAtMs: now - 100 }],
    targets: [{ slot: 1, lastByteAtMs: now }],
  });
  assert.equal(hook.asked[1]?.port, well.port);
  hook.answer({ authorization: "for the other" });
  assert.deepEqual(summary(await result), { status: 200, attempts: ["REROUTED", "200"] });
  assert.deepEqual(signaturesOf(well), ["for the other"]);
});

it("a pool that is closed ends the requests that are being signed", async (test) => {
  const server = await startRawServer(test, answer);
  const hook = new HeldHook();
  const rig = openRig(test, { sign: hook.sign });
  rig.use(server.origin);
  const { result } = rig.begin();
  await rig.dispatch.destroy();
  assert.deepEqual(summary(await result), { code: "CLOSED", sent: "no", attempts: [] });
  hook.answer({ authorization: "late" });
  assert.equal(server.connections, 0);
});
