import type { Socket } from "node:net";
import type { Timers } from "@rollcall/core";
import { authorizationHeader } from "@rollcall/core/access";
import type { ProxyConfig } from "@rollcall/core/config";
import { ProxyFailure } from "./proxy-failure.js";

export interface TunnelParts {
  readonly proxy: ProxyConfig;
  /** `host:port` of the node, as the proxy gets it. */
  readonly node: string;
  /** For the proxy's answer. */
  readonly timeoutMs: number;
  readonly timers: Timers;
}

/** A longer answer to CONNECT is not that of a proxy. */
const headMaxBytes = 16_384;
const headEnd = "\r\n\r\n";

/**
 * Asks a proxy for a tunnel to one node, by CONNECT on a connection to it that is open. What follows the proxy's answer
 * stays in the socket.
 *
 * @param done is called once, perhaps with a {@link ProxyFailure}; the socket is destroyed then
 * @returns ends it: `done` is not called any more, and the socket is destroyed
 */
export function openTunnel(
  socket: Socket,
  { proxy, node, timeoutMs, timers }: TunnelParts,
  done: (failure: ProxyFailure | undefined) => void,
): () => void {
  let head = "";

  const leave = () => {
    cancel();
    socket.off("readable", read).off("close", closed);
  };
  const fail = (failure: ProxyFailure) => {
    leave();
    socket.destroy();
    done(failure);
  };
  const closed = () =>
    fail(ProxyFailure.unanswered(proxy, "has closed the connection instead of an answer to CONNECT"));
  const read = () => {
    // undici reads in the same way. What is read for a plain node's answers goes past the stream of its socket.
    for (let chunk = next(socket); chunk !== null; chunk = next(socket)) {
      head += chunk.toString("latin1");
      const end = head.indexOf(headEnd);
      if (end >= 0) return answered(head.slice(0, end), head.slice(end + headEnd.length));
      if (head.length > headMaxBytes) return fail(ProxyFailure.unanswered(proxy, "answers CONNECT without an end"));
    }
  };
  const answered = (lines: string, rest: string) => {
    const status = Number(/^HTTP\/1\.[01] ([1-5]\d\d)(?: |$|\r)/.exec(lines)?.[1]);
    if (Number.isNaN(status)) return fail(ProxyFailure.unanswered(proxy, "does not answer CONNECT with HTTP"));
    if (status < 200 || status > 299) return fail(ProxyFailure.refused(proxy, node, status));
    leave();
    if (rest !== "") socket.unshift(Buffer.from(rest, "latin1"));
    done(undefined);
  };

  const cancel = timers.after(timeoutMs, () => fail(ProxyFailure.late(proxy, node, timeoutMs)));
  socket
    .on("readable", read)
    .once("close", closed)
    .on("error", () => {});
  socket.write(requestFor(proxy, node));
  return () => {
    leave();
    socket.destroy();
  };
}

function requestFor({ auth }: ProxyConfig, node: string): string {
  const credential = auth === undefined ? "" : `proxy-authorization: ${authorizationHeader(auth)}\r\n`;
  return `CONNECT ${node} HTTP/1.1\r\nhost: ${node}\r\n${credential}\r\n`;
}

function next(socket: Socket): Buffer | null {
  const chunk: unknown = socket.read();
  return Buffer.isBuffer(chunk) ? chunk : null;
}
