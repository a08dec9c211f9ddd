import { createServer, type IncomingMessage, type ServerResponse, request as send } from "node:http";
import type { AddressInfo } from "node:net";
import { faultOf } from "./node-faults.js";

/** One request as it came in: what a client put on the wire. */
export interface WireRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface RecordingNode extends AsyncDisposable {
  readonly url: string;
  /** The requests of clients since the last call, in order of their arrival. */
  take(): WireRequest[];
  /** Resolves once the next request of a client has come. */
  arrival(): Promise<void>;
}

/**
 * A node in front of another: it records each request of a client, and passes it on. A path that begins with
 * `/fault-…` is answered here, as `node-faults.ts` says.
 */
export async function startRecordingNode(upstream: string): Promise<RecordingNode> {
  let recorded: WireRequest[] = [];
  let waiting: (() => void)[] = [];
  const seen = new Map<string, number>();
  const server = createServer((request, response) => {
    const { method = "", url = "" } = request;
    const fault = faultOf(url);
    const count = seen.get(url) ?? 0;
    seen.set(url, count + 1);
    const headers = headersOf(request);
    const record = (body: Buffer) => {
      // The pool's own probes are no client's requests.
      if (/-js\//.test(headers["user-agent"] ?? "")) {
        recorded.push({ method, url, headers, body: body.toString("latin1") });
        for (const arrived of waiting) arrived();
        waiting = [];
      }
    };
    if (fault?.isBeforeBody === true) {
      record(Buffer.alloc(0));
      fault.answer(response, count, "");
      return;
    }
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => pieces.push(piece));
    request.on("end", () => {
      const body = Buffer.concat(pieces);
      record(body);
      const late = fault ?? faultOf(url, body.toString());
      if (late === undefined) passOn(upstream, request, body, response);
      else late.answer(response, count, body.toString());
    });
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    take() {
      const taken = recorded;
      recorded = [];
      seen.clear();
      return taken;
    },
    arrival: () => new Promise((resolve) => waiting.push(resolve)),
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      // A client alone may still wait for an answer, whatever its timeout.
      server.closeAllConnections();
      await closed;
    },
  };
}

function headersOf({ rawHeaders }: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]?.toLowerCase() ?? "";
    // A header that is sent twice is seen.
    headers[name] =
      headers[name] === undefined ? (rawHeaders[at + 1] ?? "") : `${headers[name]} | ${rawHeaders[at + 1]}`;
  }
  return headers;
}

function passOn(upstream: string, { method, url, headers }: IncomingMessage, body: Buffer, to: ServerResponse): void {
  const { host: _, "accept-encoding": coding, ...kept } = headers;
  // The fixture's nodes say in some answers what they were sent; the two runs differ in this on purpose.
  const others = coding === undefined || coding === "identity" ? kept : { ...kept, "accept-encoding": coding };
  // On a connection of its own: one that the node closes meanwhile would be a fault that is not of the table.
  const onward = send(new URL(url ?? "/", upstream), { method, headers: others, agent: false }, (answer) => {
    const { connection: __, "keep-alive": ___, ...answered } = answer.headers;
    to.writeHead(answer.statusCode ?? 500, answered);
    answer.pipe(to);
  });
  onward.on("error", () => to.destroy());
  onward.end(body);
}
