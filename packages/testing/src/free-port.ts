import { randomInt } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

// Below the range from which Linux takes the ports of outgoing connections (32768 and up): a port found here is still
// free, and still refuses, after the process that listened on it has gone.
const lowestPort = 10_240;
const highestPort = 32_767;

// Test files run side by side: a node that one of them has killed must go on refusing, so no other file may take its
// port.
const claims = join(tmpdir(), "rollcall-test-ports");
const claimed = new Set<number>();

/** A port without a listener at `host`, not handed out before to any process that still runs. */
export async function freePort(host = "127.0.0.1"): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const port = randomInt(lowestPort, highestPort + 1);
    if (claim(port) && (await canListen(host, port))) return port;
  }
  throw new Error(`no free port found on ${host} between ${lowestPort} and ${highestPort}`);
}

/** Takes the port for this process, for as long as it runs. */
function claim(port: number): boolean {
  if (claimed.size === 0) {
    mkdirSync(claims, { recursive: true });
    process.once("exit", release);
  }
  const file = join(claims, String(port));
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      writeFileSync(file, String(process.pid), { flag: "wx" });
      claimed.add(port);
      return true;
    } catch {
      if (isHeld(file)) return false;
      rmSync(file, { force: true }); // left behind by a process that was killed
    }
  }
  return false;
}

function isHeld(file: string): boolean {
  try {
    process.kill(Number(readFileSync(file, "utf8")), 0);
    return true;
  } catch {
    return false;
  }
}

function release(): void {
  for (const port of claimed) rmSync(join(claims, String(port)), { force: true });
}

function canListen(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ host, port }, () => server.close(() => resolve(true)));
  });
}
