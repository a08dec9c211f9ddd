import { type RelayTarget, startRelay } from "./relay.js";

/** A TCP proxy that can lose a reply: the command reaches the server, its reply does not reach the client. */
export interface ReplyDroppingProxy extends AsyncDisposable {
  readonly port: number;
  /** Drops the reply to the next command that contains `text`, once, and closes that client's connection. */
  dropReplyTo(text: string): void;
  /** Number of dropped replies. */
  readonly dropped: number;
}

export async function startReplyDroppingProxy(target: RelayTarget): Promise<ReplyDroppingProxy> {
  let wanted: string | undefined;
  let dropped = 0;
  const relay = await startRelay(target, (client, upstream) => {
    let drops = false;
    client.on("data", (sent) => {
      if (wanted !== undefined && sent.includes(wanted)) {
        wanted = undefined;
        drops = true;
      }
      upstream.write(sent);
    });
    upstream.on("data", (answer) => {
      if (!drops) {
        client.write(answer);
        return;
      }
      // The server has replied, so it has executed the command.
      dropped++;
      client.destroy();
    });
  });

  return {
    ...relay,
    dropReplyTo(text) {
      wanted = text;
    },
    get dropped() {
      return dropped;
    },
  };
}
