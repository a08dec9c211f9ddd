import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, Socket } from "node:net";
import { it, type TestContext } from "node:test";
import fc from "fast-check";
import { answer, openRig, startRawServer } from "./dispatch-rig.test.support.js";
import { SocketReads } from "./socket-reads.js";
import { joinWrites } from "./socket-writes.js";

type Step = "cork" | "uncork" | { readonly text: string } | { readonly bytes: number } | { readonly utf8: string };

const request: readonly Step[] = ["cork", { text: "head" }, { bytes: 3 }, "uncork"];

/** What comes of these steps and an end, and how often the socket was given something to write. */
async function written(test: TestContext, steps: readonly Step[]): Promise<{ readonly text: string; writes: number }> {
  const server = createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const [peer] = (await once(server, "connection")) as [Socket];
  test.after(() => socket.destroy());
  let writes = 0;
  for (const name of ["_write", "_writev"] as const) {
    const original = socket[name] as (...given: unknown[]) => void;
    socket[name] = (...given: unknown[]) => {
      writes++;
      original.apply(socket, given);
    };
  }
  joinWrites(socket);
  let text = "";
  peer.on("data", (chunk) => {
    text += chunk.toString("latin1");
  });
  await once(socket, "connect");
  for (const step of steps) {
    if (step === "cork") socket.cork();
    else if (step === "uncork") socket.uncork();
    else if ("text" in step) socket.write(step.text, "latin1");
    else if ("utf8" in step) socket.write(step.utf8);
    else socket.write(Buffer.alloc(step.bytes, "b"));
  }
  socket.end();
  await once(peer, "end");
  server.close();
  return { text, writes };
}

function textOf(steps: readonly Step[]): string {
  return steps
    .map((step) => {
      if (typeof step === "string") return "";
      return "bytes" in step ? "b".repeat(step.bytes) : "text" in step ? step.text : step.utf8;
    })
    .join("");
}

it("a head and a body leave as one, request after request", async (test) => {
  const { text, writes } = await written(test, [...request, ...request]);
  assert.deepEqual([text, writes], ["headbbbheadbbb", 2]);
});

it("whatever is written in whatever order arrives so", async (test) => {
  const step = fc.oneof(
    fc.constantFrom<Step>("cork", "uncork", { text: "head" }, { text: "" }, { bytes: 3 }, { bytes: 20_000 }),
    fc.constant<Step>({ utf8: "text" }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
      assert.equal((await written(test, steps)).text, textOf(steps));
    }),
    { numRuns: 60, examples: [[[...request.slice(0, 3), ...request]], [["cork", { text: "head" }]]] },
  );
});

it("undici's head and body leave as one", async (test) => {
  const gathered = test.mock.method(Socket.prototype as Socket & { _writev(): void }, "_writev");
  const server = await startRawServer(test, answer);
  const rig = openRig(test);
  rig.use(server.origin);
  // The server takes a body for the beginning of the next request.
  await rig.request({ path: "/first", method: "POST", body: "\r\n" });
  const ofNodes = gathered.mock.calls.filter(({ this: socket }) => SocketReads.of(socket as Socket) !== undefined);
  assert.deepEqual([server.requests.length, ofNodes.length], [1, 0]);
});
