import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** What a node answers. A receiver can check that the answer is whole and belongs to its request. */
export interface Echo {
  readonly id: string;
  readonly filler: string;
  readonly hash: string;
}

export function isWhole({ filler, hash }: Echo): boolean {
  return hashOf(filler) === hash;
}

/** Nodes in this process: each counts what reaches it, and answers it with its own id, after a while. */
export class EchoNodes {
  readonly ports: number[] = [];
  /** How often each request arrived, by its id. */
  readonly seen = new Map<string, number>();
  requests = 0;
  private readonly servers: Server[] = [];

  async start(count: number): Promise<void> {
    for (let number = 0; number < count; number++) {
      const server = createServer((request, response) => {
        this.requests++;
        // /<id>/<fillerBytes>/<delayMs>
        const [, id = "", length = "0", delayMs = "0"] = (request.url ?? "").split("/");
        this.seen.set(id, (this.seen.get(id) ?? 0) + 1);
        request.resume();
        const filler = fillerOf(id, Number(length));
        const echo: Echo = { id, filler, hash: hashOf(filler) };
        setTimeout(() => response.writeHead(200, { "x-id": id }).end(JSON.stringify(echo)), Number(delayMs));
      });
      await once(server.listen(0, "127.0.0.1"), "listening");
      this.servers.push(server);
      this.ports.push((server.address() as AddressInfo).port);
    }
  }

  async close(): Promise<void> {
    for (const server of this.servers) {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    }
  }
}

function fillerOf(id: string, length: number): string {
  // Text of more than one byte a character, too, in every other answer.
  const word = Number.parseInt(id, 36) % 2 === 0 ? `${id}·` : `${id}-`;
  return word.repeat(Math.ceil(length / word.length)).slice(0, length);
}

function hashOf(text: string): string {
  return createHash("sha1").update(text).digest("base64");
}
