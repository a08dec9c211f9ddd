import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { PassThrough, Readable } from "node:stream";
import { after, before, describe, it } from "node:test";
import { type FixtureCluster, startFixtureCluster } from "@rollcall/testing/fixture";
import { createPool, type Pool, RollcallError } from "rollcall";
import { onRollcall as modern } from "rollcall/elasticsearch";
import { onRollcall as elasticsearch7 } from "rollcall/elasticsearch7";
import { type AnyClient, type TestedClient, testedClients } from "./clients.js";
import { type RecordingNode, startRecordingNode } from "./recording-node.js";

const read = (fault: string) => ({ method: "GET", path: `/fault-${fault}/_search` });
const write = (fault: string) => ({ method: "PUT", path: `/fault-${fault}/_doc/1`, body: { n: 1 } });

const failureOf = (made: Promise<unknown>): Promise<Error> =>
  made.then(
    () => assert.fail("it has not failed"),
    (error: Error) => error,
  );

for (const tested of testedClients) {
  describe(`${tested.name} on a pool`, () => {
    let cluster: FixtureCluster;
    let node: RecordingNode;
    let pool: Pool;
    let smallPool: Pool;
    let client: AnyClient;
    before(async () => {
      cluster = await startFixtureCluster({ kind: tested.kind, nodes: 1 });
      node = await startRecordingNode(cluster.urls[0] ?? "");
      pool = createPool({ nodes: [node.url], discovery: false, threads: 0, logger: false });
      smallPool = createPool({
        ...{ nodes: [node.url], discovery: false, threads: 0, logger: false },
        maxResponseBytes: 100_000,
      });
      client = clientOn(tested, pool);
      await client.transport.request({ method: "GET", path: "/" });
    });
    after(async () => {
      await Promise.all([pool.close(), smallPool.close()]);
      await node[Symbol.asyncDispose]();
      await cluster.close();
    });

    it("throws an error of its own class, with the pool's as its cause, which says whether it was sent", async () => {
      const lost = await failureOf(client.transport.request(write("reset-after")));
      assert.ok(lost instanceof classOf(tested, "ConnectionError"));
      assert.deepEqual(causeOf(lost), ["DISCONNECTED", "maybe"]);
      await using refusing = createPool({ nodes: ["http://127.0.0.1:9"], discovery: false, threads: 0, logger: false });
      const refused = await failureOf(
        clientOn(tested, refusing, { requestTimeout: 300 }).transport.request({ method: "GET", path: "/" }),
      );
      assert.equal(causeOf(refused)[1], "no");
    });

    it("fails a call whose answer has a coding that the pool cannot undo, with an error that names it", async () => {
      const packed = createServer((_, response) => response.writeHead(200, { "content-encoding": "lzma" }).end("?"));
      packed.listen(0, "127.0.0.1");
      await once(packed, "listening");
      const url = `http://127.0.0.1:${(packed.address() as AddressInfo).port}`;
      await using unpacking = createPool({
        ...{ nodes: [url], discovery: false, threads: 0, logger: false },
        compression: true,
      });
      const call = clientOn(tested, unpacking).transport.request(read("ok"), { maxRetries: 0 });
      const unreadable = await failureOf(call).finally(() => packed.close());
      assert.ok(unreadable instanceof classOf(tested, "ConnectionError"));
      assert.deepEqual(causeOf(unreadable), ["BAD_RESPONSE", "maybe"]);
      assert.match(unreadable.message, /lzma/);
    });

    it("sends a call with `maxRetries: 0` once, and takes a status that the call ignores for an answer", async () => {
      node.take();
      await failureOf(client.transport.request(read("503"), { maxRetries: 0 }));
      assert.equal(node.take().length, 1);
      await client.transport.request(read("503"), { ignore: [503] });
      assert.equal(node.take().length, 1);
    });

    it("retries a write that its context calls repeatable", async () => {
      node.take();
      await client.transport.request(write("once-503"), { context: { rollcall: { class: "repeatable" } } });
      assert.equal(node.take().length, 2);
      const never = { context: { rollcall: { class: "never" } } };
      await failureOf(client.transport.request(write("once-503"), never));
      assert.equal(node.take().length, 1);
    });

    it("ends with `close()`, its children too, and leaves the pool open; a closed pool is one error", async () => {
      const closing = clientOn(tested, pool);
      const child = closing.child({ name: "child" });
      await closing.close();
      for (const ended of [closing, child]) {
        const error = await failureOf(ended.transport.request(read("ok")));
        assert.ok(error instanceof classOf(tested, "NoLivingConnectionsError"));
      }
      await client.transport.request(read("ok"));

      const other = createPool({ nodes: [node.url], discovery: false, threads: 0, logger: false });
      const left = clientOn(tested, other);
      await left.transport.request({ method: "GET", path: "/" });
      await other.close();
      node.take();
      const error = await failureOf(left.transport.request(read("ok")));
      assert.ok(error instanceof classOf(tested, "NoLivingConnectionsError"));
      assert.deepEqual(causeOf(error), ["CLOSED", "no"]);
      assert.deepEqual(node.take(), []);
    });

    it("hands a streamed answer out when its headers have come, before there is any body", async () => {
      const answer = (await client.transport.request(read("silence"), { asStream: true, meta: true })) as {
        readonly body: Readable;
        readonly statusCode: number;
      };
      assert.equal(answer.statusCode, 200);
      answer.body.destroy();
    });

    it("ends an answer that grows beyond the bound with its own class of error", async () => {
      const bounded = tested.kind === "elasticsearch" ? client : clientOn(tested, smallPool);
      const error = await failureOf(bounded.transport.request(read("endless"), { maxResponseSize: 100_000 }));
      assert.ok(error instanceof classOf(tested, "RequestAbortedError"), String(error));
      assert.deepEqual(causeOf(error), ["BAD_RESPONSE", "maybe"]);
    });

    it("refuses an answer that is larger than `maxResponseSize`", { skip: tested.family === "classic" }, async () => {
      const error = await failureOf(client.transport.request(read("text"), { maxResponseSize: 3 }));
      assert.ok(error instanceof classOf(tested, "RequestAbortedError"), String(error));
    });

    it("sends a body that streams as it comes, once, and says how much of it was sent when that fails", async () => {
      node.take();
      const came = node.arrival();
      const body = new PassThrough();
      const lost = failureOf(client.transport.request({ ...write("reset-before"), body }));
      body.write("one\n");
      // The node answers before the body has ended.
      await came;
      const error = await lost;
      assert.ok(error instanceof classOf(tested, "ConnectionError"), String(error));
      assert.equal((error.cause as RollcallError).sentBytes, 4);
      assert.equal(node.take().length, 1);
      assert.ok(body.destroyed);
    });

    it("hands out the error of a streamed body's source", async () => {
      const broken = new Error("the source is broken");
      const body = Readable.from(
        (async function* () {
          yield "one\n";
          throw broken;
        })(),
      );
      const error = await failureOf(client.transport.request({ ...write("ok"), body }));
      if (tested.family === "classic") assert.equal(error, broken);
      else assert.equal((error.cause as RollcallError).cause, broken);
    });

    it("sends nothing of a stream that was given before, or that is an iterable too: one clear error", async () => {
      const body = Readable.from(["one\n"]);
      await client.transport.request({ ...write("ok"), body });
      const both = Object.assign(Readable.from(["two\n"]), { [Symbol.iterator]: () => ["two\n"].values() });
      node.take();
      for (const [bad, text] of [
        [body, /was read or given to a request before/],
        [both, /both a stream and an iterable/],
      ] as const) {
        const error = await failureOf(client.transport.request({ ...write("ok"), body: bad }));
        const name = tested.family === "classic" ? "ConfigurationError" : "ConnectionError";
        assert.ok(error instanceof classOf(tested, name), String(error));
        assert.match(error.message, text);
        assert.deepEqual(causeOf(error), ["CONFIG", "no"]);
      }
      assert.deepEqual(node.take(), []);
    });

    it("is tried in a version that is not known, with one warning of the process", async () => {
      const warnings: Error[] = [];
      const listener = (warning: Error & { readonly code?: string }) => {
        if (warning.code === "ROLLCALL_CLIENT_VERSION") warnings.push(warning);
      };
      process.on("warning", listener);
      // Of another major for each client: a version is said once in a process.
      const headers = { "user-agent": `${tested.kind}-js/${50 + testedClients.indexOf(tested)}.0.0` };
      for (let made = 0; made < 2; made++) {
        await clientOn(tested, pool, { headers }).transport.request({ method: "GET", path: "/" });
      }
      await new Promise(setImmediate);
      process.off("warning", listener);
      assert.equal(warnings.length, 1);
    });
  });
}

it("clients of several versions share one pool in one process", async () => {
  await using cluster = await startFixtureCluster({ kind: "elasticsearch", nodes: 1 });
  await using pool = createPool({ nodes: [...cluster.urls], threads: 0, logger: false });
  const versions = testedClients.filter(({ kind }) => kind === "elasticsearch");
  const clients = versions.map((tested) => clientOn(tested, pool));
  await Promise.all(clients.map((client) => client.transport.request({ method: "GET", path: "/a/_search" })));
});

it("an adapter of another family of clients is refused when the client is constructed", async () => {
  await using pool = createPool({ nodes: ["http://127.0.0.1:9"], threads: 0, logger: false });
  const [nine, , seven] = testedClients.map((tested) => tested.load());
  assert.ok(nine !== undefined && seven !== undefined);
  const isConfig = (text: RegExp) => (error: unknown) =>
    error instanceof RollcallError && error.code === "CONFIG" && text.test(error.message);
  assert.throws(() => new seven.Client(modern(pool)), isConfig(/rollcall\/elasticsearch7/));
  assert.throws(() => new nine.Client(elasticsearch7(pool)), isConfig(/rollcall\/elasticsearch/));
  assert.throws(() => elasticsearch7(pool, {}, nine as never), isConfig(/third argument/));
});

it("the entry points can be required, and are the same modules as the imported ones", () => {
  const require = createRequire(import.meta.url);
  assert.equal(require("rollcall/elasticsearch").onRollcall, modern);
  assert.equal(require("rollcall").RollcallError, RollcallError);
});

function clientOn(tested: TestedClient, pool: Pool, options: Readonly<Record<string, unknown>> = {}): AnyClient {
  return new (tested.load().Client)(tested.onPool(pool, options));
}

function classOf(tested: TestedClient, name: string): new () => Error {
  const found = tested.load().errors[name];
  assert.ok(found !== undefined, name);
  return found;
}

function causeOf({ cause }: Error): readonly string[] {
  assert.ok(cause instanceof RollcallError, String(cause));
  return [cause.code, cause.sent];
}
