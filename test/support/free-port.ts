import { randomInt } from "node:crypto";
import { createServer } from "node:net";

// Below the range from which Linux takes the ports of outgoing connections (32768 and up): a port found here is still
// free, and still refuses, after the process that listened on it has gone.
const lowestPort = 10_240;
const highestPort = 32_767;

const handedOut = new Set<number>();

/** A port nobody listens on at `host`, not handed out before by this process. */
export async function freePort(host = "127.0.0.1"): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const port = randomInt(lowestPort, highestPort + 1);
    if (handedOut.has(port)) continue;
    handedOut.add(port);
    if (await canListen(host, port)) return port;
  }
  throw new Error(`no free port found on ${host} between ${lowestPort} and ${highestPort}`);
}

function canListen(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ host, port }, () => server.close(() => resolve(true)));
  });
}
