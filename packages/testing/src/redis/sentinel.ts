import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import type { NodeCertificate } from "../certificates.js";
import { own, startGuard } from "../child-processes.js";
import { freePort } from "../free-port.js";
import { waitUntil } from "../wait-until.js";

/** One that decides alone, and soon, about the primary "ours". */
export interface Sentinel extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** Asks it by the command SENTINEL. */
  call(...words: string[]): Promise<unknown>;
  /** Waits until it lists the replica on this port. */
  lists(port: number): Promise<void>;
}

export interface SentinelOptions {
  /**
   * It speaks TLS alone, also to the primary, whose certificate is of this CA. Its own is for "localhost"; clients need
   * none.
   */
  readonly tls?: { readonly ca: string; readonly certificate: NodeCertificate };
  /** What the default user must give; default: nothing. */
  readonly password?: string;
}

export async function startSentinel(
  primary: { readonly host: string; readonly port: number },
  { tls, password }: SentinelOptions = {},
): Promise<Sentinel> {
  const host = "127.0.0.1";
  const port = await freePort(host);
  const folder = mkdtempSync(join(tmpdir(), "rollcall-sentinel-"));
  const removeFolder = () => rmSync(folder, { recursive: true, force: true });
  process.once("exit", removeFolder);
  const file = join(folder, "sentinel.conf");
  const lines = [
    `bind ${host}`,
    ...(tls === undefined ? [`port ${port}`] : tlsLines(port, folder)),
    ...(password === undefined ? [] : [`requirepass ${password}`]),
    `dir ${folder}`,
    `sentinel monitor ours ${primary.host} ${primary.port} 1`,
    "sentinel down-after-milliseconds ours 500",
    "sentinel failover-timeout ours 5000",
  ];
  if (tls !== undefined) {
    writeFileSync(join(folder, "ca.pem"), tls.ca);
    writeFileSync(join(folder, "cert.pem"), tls.certificate.cert);
    writeFileSync(join(folder, "key.pem"), tls.certificate.key, { mode: 0o600 });
  }
  writeFileSync(file, `${lines.join("\n")}\n`);
  const owned = await own(spawn("redis-server", [file, "--sentinel"], { stdio: "ignore" }));
  const guard = startGuard(owned.pid);
  owned.child.once("exit", () => guard.stdin?.end("release\n"));
  const secured = {
    ...(password === undefined ? {} : { password }),
    ...(tls === undefined ? {} : { tls: { ca: tls.ca, servername: "localhost" } }),
  };
  const client = new Redis({ host, port, ...secured, retryStrategy: () => 50, maxRetriesPerRequest: null });
  client.on("error", () => {});
  const call = (...words: string[]) => client.call("SENTINEL", ...words);
  return {
    host,
    port,
    call,
    async lists(replica) {
      await waitUntil("the Sentinel lists the replica", async () =>
        JSON.stringify(await call("REPLICAS", "ours")).includes(String(replica)),
      );
    },
    async [Symbol.asyncDispose]() {
      client.disconnect();
      await owned.stop();
      removeFolder();
      process.removeListener("exit", removeFolder);
    },
  };
}

function tlsLines(port: number, folder: string): readonly string[] {
  return [
    "port 0",
    `tls-port ${port}`,
    "tls-auth-clients no",
    "tls-replication yes",
    `tls-ca-cert-file ${join(folder, "ca.pem")}`,
    `tls-cert-file ${join(folder, "cert.pem")}`,
    `tls-key-file ${join(folder, "key.pem")}`,
  ];
}
