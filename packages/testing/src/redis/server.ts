import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { type OwnedProcess, own, startGuard } from "../child-processes.js";
import { freePort } from "../free-port.js";
import { waitUntil } from "../wait-until.js";
import type { RedisServer, RedisServerOptions } from "./contract.js";
import { searchRedisForCanaries } from "./search-for-canaries.js";

const host = "127.0.0.1";

/** Starts a server and resolves when it answers. @throws where `redis-server` is not installed */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const port = await freePort(host);
  const tlsPort = options.certificate === undefined ? 0 : await freePort(host);
  // Synchronously, so that an exit finds either no folder or the handler that removes it.
  const folder = mkdtempSync(join(tmpdir(), "rollcall-redis-"));
  const removeFolder = () => rmSync(folder, { recursive: true, force: true });
  process.once("exit", removeFolder);
  await writeFile(join(folder, "redis.conf"), configuration({ port, tlsPort, folder }, options));
  if (options.certificate !== undefined) {
    await writeFile(join(folder, "cert.pem"), options.certificate.cert);
    await writeFile(join(folder, "key.pem"), options.certificate.key, { mode: 0o600 });
  }
  if (options.users !== undefined) await writeFile(join(folder, "users.acl"), usersFile(options));

  let running: OwnedProcess | undefined;
  const client = new Redis({
    host,
    port,
    lazyConnect: true,
    maxRetriesPerRequest: null,
    retryStrategy: () => 50,
    ...(options.password === undefined ? {} : { password: options.password }),
  });
  // Every refused attempt while the server is down; the commands that wait for it say more.
  client.on("error", () => {});

  const start = async () => {
    const child = await own(spawn("redis-server", [join(folder, "redis.conf")], { stdio: ["ignore", "pipe", "pipe"] }));
    running = child;
    // A redis-server goes on when we are killed.
    const guard = startGuard(child.pid);
    child.child.once("exit", () => guard.stdin?.end("release\n"));
    let said = "";
    for (const stream of [child.child.stdout, child.child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        said = `${said}${text}`.slice(-4_000);
      });
    }
    await waitUntil(`redis-server listens on ${port}`, () => {
      if (!child.alive) throw new Error(`redis-server ended:\n${said}`);
      return said.includes("Ready to accept connections");
    });
  };
  const kill = async () => {
    await running?.kill();
    running = undefined;
  };

  const server: RedisServer = {
    host,
    port,
    tlsPort,
    url: `redis://${options.password === undefined ? "" : `:${encodeURIComponent(options.password)}@`}${host}:${port}`,
    urlFor: ({ username, password }) =>
      `redis://${encodeURIComponent(username)}:${encodeURIComponent(password)}@${host}:${port}`,
    client,
    freeze: () => running?.pause(),
    thaw: () => running?.resume(),
    kill,
    async restart() {
      await kill();
      await start();
    },
    async close() {
      if (running?.alive === true && !running.paused) await searchRedisForCanaries(client);
      client.disconnect();
      await kill();
      removeFolder();
      process.removeListener("exit", removeFolder);
    },
    [Symbol.asyncDispose]: () => server.close(),
  };
  try {
    await start();
  } catch (error) {
    await server.close();
    throw error;
  }
  return server;
}

interface Place {
  readonly port: number;
  readonly tlsPort: number;
  readonly folder: string;
}

function configuration({ port, tlsPort, folder }: Place, options: RedisServerOptions): string {
  const { password, users, config = [] } = options;
  const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  const lines = [
    `bind ${host}`,
    `port ${port}`,
    ...(tlsPort === 0
      ? []
      : [`tls-port ${tlsPort}`, "tls-auth-clients no", `tls-cert-file ${cert}`, `tls-key-file ${key}`]),
    `dir ${folder}`,
    'save ""',
    "appendonly no",
    "daemonize no",
    // With an ACL file, the default user's password belongs there.
    ...(password !== undefined && users === undefined ? [`requirepass ${password}`] : []),
    ...(users === undefined ? [] : [`aclfile ${join(folder, "users.acl")}`]),
    ...config,
  ];
  return `${lines.join("\n")}\n`;
}

function usersFile({ password, users = {} }: RedisServerOptions): string {
  const secret = password === undefined ? "nopass" : `>${password}`;
  const lines = Object.entries(users).map(([name, rules]) => `user ${name} ${rules}`);
  return `${[`user default on ${secret} ~* &* +@all`, ...lines].join("\n")}\n`;
}
