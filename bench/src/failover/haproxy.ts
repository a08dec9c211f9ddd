import { execFile, spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { freePort, waitUntil } from "@rollcall/testing";
import { own, startGuard } from "@rollcall/testing/processes";
import { timeoutMs } from "./terms.js";

/** HAProxy in front of a cluster: what a user may put there in place of a client that follows the cluster. */
export interface Haproxy extends AsyncDisposable {
  readonly url: string;
  /** Processor time that it has used so far. */
  cpuMs(): Promise<number>;
}

/** Names the port of the node that answered. */
export const servedByHeader = "x-served-by";

const checkEveryMs = 500;
/** A second is a hundred of the kernel's ticks. */
const msPerTick = 10;

/** "2.6.12", or undefined where there is none in the path. */
export async function haproxyVersion(): Promise<string | undefined> {
  return promisify(execFile)("haproxy", ["-v"]).then(
    ({ stdout }) => /version ([\d.]+)/.exec(stdout)?.[1],
    () => undefined,
  );
}

/** Resolves when it accepts connections. */
export async function startHaproxy(nodeUrls: readonly string[]): Promise<Haproxy> {
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), "rollcall-haproxy-"));
  const file = join(folder, "haproxy.cfg");
  await writeFile(file, configuration(port, nodeUrls));
  const haproxy = await own(spawn("haproxy", ["-db", "-q", "-f", file], { stdio: ["ignore", "ignore", "inherit"] }));
  // It goes on when this process is killed.
  const guard = startGuard(haproxy.pid);
  haproxy.child.once("exit", () => guard.stdin?.end("release\n"));
  const close = async () => {
    await haproxy.kill();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await waitUntil("HAProxy accepts connections", () => {
      if (!haproxy.alive) throw new Error("haproxy ended");
      return accepts(port);
    });
  } catch (error) {
    await close();
    throw error;
  }
  return {
    url: `http://127.0.0.1:${port}`,
    async cpuMs() {
      const stat = await readFile(`/proc/${haproxy.pid}/stat`, "utf8");
      const [userTicks, systemTicks] = stat
        .slice(stat.lastIndexOf(")") + 2)
        .split(" ")
        .slice(11, 13);
      return (Number(userTicks) + Number(systemTicks)) * msPerTick;
    },
    [Symbol.asyncDispose]: close,
  };
}

/** For the report. */
export const haproxyText =
  `HAProxy chooses by \`leastconn\`, checks each node by \`GET /\` every ${checkEveryMs} ms (two failures take it out, two ` +
  "answers bring it back), cuts the sessions of a node that goes down, and sends a request again, at another node, up to " +
  "3 times after a failed connection, an empty answer, a 502, 503 or 504";

// All that is sent through it are searches, so it may send them again.
function configuration(port: number, nodeUrls: readonly string[]): string {
  const servers = nodeUrls.map((url) => new URL(url)).map(({ host, port: at }) => `  server ${at} ${host} check`);
  return `
global
  maxconn 4000
defaults
  mode http
  timeout connect 1s
  timeout check ${checkEveryMs}ms
  timeout client 60s
  timeout queue ${timeoutMs}ms
  timeout server ${timeoutMs}ms
  retries 3
  option redispatch 1
  retry-on conn-failure empty-response response-timeout 502 503 504
frontend searches
  bind 127.0.0.1:${port}
  default_backend nodes
backend nodes
  balance leastconn
  http-reuse always
  option httpchk GET /
  http-response set-header ${servedByHeader} %s
  default-server inter ${checkEveryMs}ms fall 2 rise 2 on-marked-down shutdown-sessions
${servers.join("\n")}
`;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
