import { nextReceiveWindow, receiveWindow } from "@rollcall/core/request";
import type { BodySource } from "../dispatch/body-source.js";

/** The body of a request that streams from main to this thread. */
export class ServedBody implements BodySource {
  hasBegun = false;
  private window;
  private readonly pieces: Uint8Array[] = [];
  private state: "open" | "whole" | "broken" = "open";
  private wake = () => {};

  constructor(
    windowBytes: number,
    /** Main may send so many bytes more. */
    private readonly giveCredit: (byteLength: number) => void,
  ) {
    this.window = receiveWindow(windowBytes);
  }

  async next(): Promise<Uint8Array | undefined> {
    if (!this.hasBegun) {
      this.hasBegun = true;
      this.giveCredit(this.window.windowBytes);
    }
    if (this.pieces.length === 0 && this.state === "open") {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    const piece = this.pieces.shift();
    if (piece !== undefined) this.change("taken", piece.length);
    else if (this.state !== "whole") throw new Error("the body was broken");
    return piece;
  }

  stop(): void {
    if (this.state === "open") this.end(false);
  }

  piece(bytes: Uint8Array): void {
    if (this.state !== "open") return;
    this.pieces.push(bytes);
    this.change("received", bytes.length);
    this.wake();
  }

  /** Nothing follows. What has come of a body that is not whole is not wanted. */
  end(isWhole: boolean): void {
    if (this.state !== "open") return;
    this.state = isWhole ? "whole" : "broken";
    if (!isWhole) this.pieces.length = 0;
    this.wake();
  }

  private change(type: "received" | "taken", byteLength: number): void {
    const [window, effect] = nextReceiveWindow(this.window, { type, byteLength });
    this.window = window;
    if (effect !== undefined && this.state === "open") this.giveCredit(effect.byteLength);
  }
}
