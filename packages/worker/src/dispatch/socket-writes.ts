import type { Socket } from "node:net";

/** A longer head and body leave as two buffers: copying them would cost more than it saves. */
const joinedMaxBytes = 16_384;

type Write = (this: unknown, chunk: unknown, encoding?: unknown, done?: unknown) => boolean;

/**
 * undici writes a request's head, as text, and its body, as bytes, between `cork` and `uncork`. Node gathers the two for
 * the system, which costs a small request more than copying its body does. From now on a head and a body that are
 * written so leave as one buffer. Whatever is written in another way goes its own.
 *
 *     open ──cork──▶ held ──head──▶ held, with the head ──body──▶ left: as one
 *      ▲              └──────────anything else───────┴──────────▶ corked: as Node has it
 *      └──uncork──── from all of them
 */
export function joinWrites(socket: Socket): void {
  const { cork, uncork, write, end } = socket;
  /** What has been written since `cork`: nothing, or the head. Undefined while nothing is held back. */
  let held: string | undefined;
  /** Head and body have left: the `uncork` that follows is of nothing. */
  let hasLeft = false;

  /** What is held goes Node's way. */
  const letGo = () => {
    if (held === undefined) return;
    const head = held;
    held = undefined;
    cork.call(socket);
    if (head !== "") write.call(socket, head, "latin1");
  };
  socket.cork = () => {
    letGo();
    // What waits already is gathered with it.
    if (socket.writableLength > 0) cork.call(socket);
    else held = "";
  };
  const writeOn: Write = (chunk, encoding, done) => {
    if (held === undefined) return (write as Write).call(socket, chunk, encoding, done);
    const isText = typeof chunk === "string" && encoding === "latin1" && done === undefined;
    if (isText && held === "" && chunk.length < joinedMaxBytes) {
      held = chunk;
      return true;
    }
    const isBody = chunk instanceof Uint8Array && held !== "" && done === undefined;
    if (isBody && held.length + chunk.length <= joinedMaxBytes) {
      const joined = Buffer.allocUnsafe(held.length + chunk.length);
      joined.write(held, "latin1");
      joined.set(chunk, held.length);
      held = undefined;
      hasLeft = true;
      return write.call(socket, joined);
    }
    letGo();
    return (write as Write).call(socket, chunk, encoding, done);
  };
  socket.write = writeOn;
  socket.uncork = () => {
    if (hasLeft) {
      hasLeft = false;
      return;
    }
    letGo();
    uncork.call(socket);
  };
  socket.end = (...given: unknown[]) => {
    letGo();
    return (end as (...given: unknown[]) => Socket).apply(socket, given);
  };
}
