import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import type { TLSSocket } from "node:tls";
import { waitUntil } from "@rollcall/testing";
import { makeCertificates } from "@rollcall/testing/certificates";
import { createPool } from "rollcall";

it("a client certificate is renewed under load: new connections show it, and no request fails, in any thread", async () => {
  const { ca, nodes, issue } = await makeCertificates({ names: ["node", "first"] });
  const [node, first] = nodes;
  assert.ok(node !== undefined && first !== undefined);
  const second = await issue("second");
  const folder = mkdtempSync(join(tmpdir(), "rollcall-renewed-"));
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text, { mode: 0o600 });
  write("ca.pem", ca);
  write("cert.pem", first.cert);
  write("key.pem", first.key);

  const shown: string[] = [];
  const uuid = "abcdefghijklmnopqrstuv";
  const server = createServer({ ...node, ca, requestCert: true }, (request, response) => {
    const { subject } = (request.socket as TLSSocket).getPeerCertificate();
    shown.push(String(subject?.CN));
    const root = { name: "n", cluster_name: "c", cluster_uuid: uuid, version: { number: "9.0.0" } };
    // Some are in flight whenever the certificate changes.
    setTimeout(() => response.end(JSON.stringify(root)), 20);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const tls = { caFile: join(folder, "ca.pem"), certFile: join(folder, "cert.pem"), keyFile: join(folder, "key.pem") };
  const pools = [0, 2].map((threads) =>
    createPool({ nodes: [url], tls, threads, discovery: false, retry: false, logger: false }),
  );
  let isOver = false;
  let sent = 0;
  const failed: unknown[] = [];
  const load = pools.flatMap((pool) =>
    Array.from({ length: 4 }, async () => {
      while (!isOver) {
        sent++;
        await pool.request({ method: "POST", path: "/x/_doc", body: {} }).catch((error: unknown) => failed.push(error));
      }
    }),
  );
  try {
    const showAll = (name: string) => shown.length > 50 && shown.slice(-50).every((one) => one === name);
    await waitUntil("all requests come with the first certificate", () => showAll("first"));
    write("cert.pem", second.cert);
    write("key.pem", second.key);
    await waitUntil("all requests come with the second certificate", () => showAll("second"));
  } finally {
    isOver = true;
    await Promise.all(load);
    await Promise.all(pools.map((pool) => pool.close()));
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
  assert.deepEqual([failed.map(String), sent > 0], [[], true]);
});
