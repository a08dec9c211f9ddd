import { type RelayTarget, startRelay } from "./relay.js";

/** A TCP proxy in front of a Redis server that tells its clients another time (`TIME`), and passes on all else. */
export interface ShiftedTimeProxy extends AsyncDisposable {
  readonly port: number;
  /** By how much the clock seems to be ahead, in seconds; at first 0. */
  aheadS: number;
}

/** The answer to `TIME`, whole: two texts, of which the first counts seconds. */
const timeReply = /\*2\r\n\$10\r\n(\d{10})\r\n(?=\$\d\r\n\d{1,6}\r\n)/g;

export async function startShiftedTimeProxy(target: RelayTarget): Promise<ShiftedTimeProxy> {
  const relay = await startRelay(target, (client, upstream) => {
    client.on("data", (sent) => upstream.write(sent));
    upstream.on("data", (piece) => {
      const text = piece.toString("latin1");
      const shifted = text.replace(timeReply, (reply: string, seconds: string) =>
        reply.replace(seconds, `${Number(seconds) + proxy.aheadS}`),
      );
      client.write(Buffer.from(shifted, "latin1"));
    });
  });
  const proxy: ShiftedTimeProxy = { ...relay, aheadS: 0 };
  return proxy;
}
