import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { describe, it } from "node:test";
import { proxyArguments, startTcpProxy, type TcpProxy } from "./index.js";

/** Asks once from its main thread and once from another, and says what each got. */
const program = `
  import { get } from "node:http";
  import { isMainThread, Worker, workerData } from "node:worker_threads";
  const url = workerData ?? process.argv[1];
  const request = get(url, { agent: false, timeout: 1_000 }, (answer) => {
    answer.resume();
    console.log(answer.statusCode);
  });
  request.on("timeout", () => request.destroy(new Error("silent")));
  request.on("error", ({ code, message }) => console.log(code ?? message));
  if (isMainThread) new Worker(process.env.PROGRAM, { eval: true, workerData: url });
`;

async function answersTo(url: string, proxies: readonly TcpProxy[]): Promise<string[]> {
  const { execArgv, env } = proxyArguments(proxies);
  const child = spawn(process.execPath, [...execArgv, "--input-type=module", "-e", program, url], {
    env: { PATH: process.env.PATH, PROGRAM: program, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  child.stdout.on("data", (text) => {
    said += text;
  });
  await once(child, "close");
  return said.trim().split("\n");
}

describe("TCP proxy", { timeout: 60_000 }, () => {
  it("a TCP proxy can be cut and restored for one process and its threads alone", async () => {
    const server = createServer((_request, response) => response.end("here")).listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    assert.ok(address !== null && typeof address !== "string");
    const url = `http://127.0.0.1:${address.port}/`;
    await using proxy = await startTcpProxy({ host: "127.0.0.1", port: address.port });
    try {
      assert.deepEqual(await answersTo(url, [proxy]), ["200", "200"]);
      await proxy.cut("refuse");
      assert.deepEqual(await answersTo(url, [proxy]), ["ECONNREFUSED", "ECONNREFUSED"]);
      assert.deepEqual(await answersTo(url, []), ["200", "200"]);
      await proxy.restore();
      await proxy.cut("swallow");
      assert.deepEqual(await answersTo(url, [proxy]), ["silent", "silent"]);
      await proxy.restore();
      assert.deepEqual(await answersTo(url, [proxy]), ["200", "200"]);
    } finally {
      server.close();
    }
  });
});
