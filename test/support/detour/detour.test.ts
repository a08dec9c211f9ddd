import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { describe, it } from "node:test";
import { type Detour, detourWords, startDetour } from "./index.js";

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

async function answersTo(url: string, detours: readonly Detour[]): Promise<string[]> {
  const { execArgv, env } = detourWords(detours);
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

describe("a detour", { timeout: 60_000 }, () => {
  it("can be cut and mended for one process and its threads alone", async () => {
    const server = createServer((_request, response) => response.end("here")).listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    assert.ok(address !== null && typeof address !== "string");
    const url = `http://127.0.0.1:${address.port}/`;
    await using way = await startDetour({ host: "127.0.0.1", port: address.port });
    try {
      assert.deepEqual(await answersTo(url, [way]), ["200", "200"]);
      await way.cut("refuse");
      assert.deepEqual(await answersTo(url, [way]), ["ECONNREFUSED", "ECONNREFUSED"]);
      assert.deepEqual(await answersTo(url, []), ["200", "200"]);
      await way.mend();
      await way.cut("swallow");
      assert.deepEqual(await answersTo(url, [way]), ["silent", "silent"]);
      await way.mend();
      assert.deepEqual(await answersTo(url, [way]), ["200", "200"]);
    } finally {
      server.close();
    }
  });
});
