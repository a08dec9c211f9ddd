import { createServer, type IncomingMessage, type ServerResponse, request as send } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";

/** A connection as a test has made it up: it answers by itself. Of versions 8 and 9 by a promise, else by a callback. */
export type MockConnection = new (
  options: object,
) => {
  request(params: object, callbackOrOptions: unknown): Promise<MockAnswer> | object;
};

interface MockAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: string | Buffer;
}

type MockMessage = Readable & Pick<MockAnswer, "statusCode" | "headers">;

/** Answers requests of clients as the connections and nodes do that tests hand to their clients. */
export class MockNodes {
  private readonly answers: ((request: IncomingMessage, path: string, response: ServerResponse) => unknown)[] = [];
  private readonly server = createServer((request, response) => void this.answer(request, response));

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    // The pools of a test are never closed: what they keep open must not keep the process from its end.
    this.server.unref().on("connection", (socket) => socket.unref());
  }

  /** The URL of a node that answers as `Connection` does; without one, as the node at `url`. */
  add(url: string, Connection: MockConnection | undefined): string {
    const at = this.answers.push(
      Connection === undefined
        ? (request, path, response) => passOn(url, request, path, response)
        : (request, path, response) => answerAs(new Connection({ url: new URL(url) }), request, path, response),
    );
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/n${at - 1}`;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, at, path = ""] = /^\/n(\d+)(.*)$/.exec(request.url ?? "") ?? [];
    // The pool's own probes are not for the test.
    if (!/-js\//.test(request.headers["user-agent"] ?? "")) {
      response.writeHead(200, { "content-type": "application/json", "x-elastic-product": "Elasticsearch" });
      response.end(JSON.stringify({ name: "n", cluster_name: "c", cluster_uuid: "u", version: { number: "9.0.0" } }));
      return;
    }
    try {
      await this.answers[Number(at)]?.(request, path, response);
    } catch {
      response.destroy();
    }
  }
}

async function answerAs(
  connection: InstanceType<MockConnection>,
  request: IncomingMessage,
  target: string,
  response: ServerResponse,
): Promise<void> {
  const [path = "", querystring = ""] = target.split("?", 2);
  const params = { method: request.method, path, querystring, headers: { ...request.headers }, body: "" };
  params.body = (await buffer(request)).toString();
  const { statusCode, headers, body } = await new Promise<MockAnswer>((resolve, reject) => {
    const callback = (error: Error | null, message: MockMessage) => {
      if (error !== null) reject(error);
      // Theirs may be a stream of before Node 10.
      else buffer(new Readable().wrap(message)).then((body) => resolve({ ...partsOf(message), body }), reject);
    };
    const answered = connection.request(params, callback);
    if (answered instanceof Promise) answered.then(resolve, reject);
  });
  // Of both, only one can be so.
  const { "content-length": length, ...others } = headers;
  const isChunked = "transfer-encoding" in headers || length === undefined;
  response.writeHead(statusCode, isChunked ? others : headers).end(body);
}

const partsOf = ({ statusCode, headers }: MockMessage) => ({ statusCode, headers });

function passOn(to: string, request: IncomingMessage, path: string, response: ServerResponse): void {
  const { method } = request;
  // A connection that is kept would keep the test's node from its end.
  const { connection: _, ...headers } = request.headers;
  const onward = send(new URL(path, to), { method, headers, agent: false }, (answer) => {
    response.writeHead(answer.statusCode ?? 500, answer.headers);
    answer.pipe(response);
    answer.on("error", () => response.destroy());
  });
  onward.on("error", () => response.destroy());
  request.pipe(onward);
}
