import type { Socket } from "node:net";
import type { Timers } from "@rollcall/core";
import type { Redis } from "ioredis";
import type { MessageGate } from "./message-gate.js";
import { PassingFrames } from "./passing-frames.js";
import { broken, type Frame, otherReply, RespFrames } from "./resp-frames.js";

/** A frame that has begun and not ended after this time has no end. */
const frameMaxMs = 5_000;

/**
 * Every connection of this client of one server, or of one Sentinel, does not keep the process alive, and is closed when
 * it carries what no Redis sends. Without this, ioredis throws into the application, or takes the answer to one command
 * for that to another. It connects again as it does after any other loss.
 *
 * Messages that the gate refuses are skipped before the client reads them: that costs least.
 */
export function guardNode(client: Redis, timers: Timers, gate?: MessageGate): void {
  // The socket is there a moment after the event.
  client.on("connecting", () => setImmediate(() => prepare(client.stream)));
  client.on("reconnecting", () => unrefTimer(Reflect.get(client, "reconnectTimeout")));
  client.on("connect", () => guardSocket(client, timers, gate));
}

function prepare(socket: Socket | undefined): void {
  socket?.unref();
  // ioredis listens for one error. A socket with TLS may have another, which would end the process.
  socket?.on("error", () => {});
}

/** Reads before ioredis does, and passes on one frame at a time: so the command that waits is the one of the frame. */
function guardSocket(client: Redis, timers: Timers, gate: MessageGate | undefined): void {
  const socket = client.stream;
  prepare(socket);
  const frames = new RespFrames();
  const passing = new PassingFrames(frames, gate, (bytes) => socket.emit("data", bytes));
  const push = socket.push.bind(socket);
  let cancel: (() => void) | undefined;
  const give = (error: unknown) => socket.destroy(error instanceof Error ? error : broken("unknown failure"));
  socket.once("close", () => cancel?.());

  socket.push = (chunk: unknown, encoding?: BufferEncoding): boolean => {
    if (!(chunk instanceof Uint8Array)) return push(chunk, encoding);
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    try {
      for (let start = 0; start < bytes.length && !socket.destroyed; ) {
        const { end, frame } = frames.next(bytes, start);
        if (frame !== undefined) checkFrame(frame, client);
        passing.take(bytes.subarray(start, end), frame !== undefined);
        start = end;
        if (frame === undefined) continue;
        cancel?.();
        cancel = undefined;
      }
    } catch (error) {
      give(error);
    }
    if (frames.isInsideFrame) cancel ??= timers.after(frameMaxMs, () => give(broken("an answer has no end")));
    return !socket.destroyed;
  };
}

/** Where an answer does not belong to the command that waits, ioredis confuses its commands for good, or throws. */
function checkFrame(frame: Frame, client: Redis): void {
  const waiting = client.commandQueue.peekFront()?.command.name.toLowerCase();
  if (frame.kind === "push") {
    const isSubscription = frame.name === "subscribe" || frame.name === "ssubscribe";
    if (isSubscription && waiting !== frame.name) throw broken("a subscription that was not asked for");
    return;
  }
  if (waiting === undefined && frame.kind === "reply") throw broken("an answer that was not asked for");
  const isResp3 = client.condition?.protocol === 3;
  if (frame.kind === "reply" && isResp3 && waiting !== undefined && answeredByPush.has(waiting)) throw otherReply();
}

const answeredByPush: ReadonlySet<string> = new Set(["subscribe", "unsubscribe", "ssubscribe", "sunsubscribe"]);

export function unrefTimer(timer: unknown): void {
  if (typeof timer !== "object" || timer === null || !("unref" in timer)) return;
  if (typeof timer.unref === "function") timer.unref();
}
