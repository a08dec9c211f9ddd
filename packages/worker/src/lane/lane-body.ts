import { nextSendWindow, pieceMaxBytes, sendWindow } from "@rollcall/core/request";
import type { BodySource } from "../dispatch/body-source.js";

/** What a streamed body writes to its lane. */
export interface BodyLane {
  postBodyPiece(id: number, piece: Uint8Array): void;
  postBodyEnd(id: number, isWhole: boolean): void;
}

/** Sends the body of one request to a thread, as far as the thread's credit goes. It begins with the first credit. */
export class LaneBody {
  private window = sendWindow(0);
  private isSending = false;
  private isOver = false;

  constructor(
    private readonly id: number,
    private readonly source: BodySource,
    private readonly lane: BodyLane,
  ) {}

  read(byteLength: number): void {
    [this.window] = nextSendWindow(this.window, { type: "read", byteLength });
    if (!this.isSending) void this.send();
  }

  /** The thread wants no more. */
  end(): void {
    this.isOver = true;
  }

  private async send(): Promise<void> {
    this.isSending = true;
    while (this.window.kind === "open" && !this.isOver) await this.sendOne();
    this.isSending = false;
  }

  private async sendOne(): Promise<void> {
    const piece = await this.source.next().catch(() => null);
    if (this.isOver) return;
    if (piece === null || piece === undefined) {
      this.isOver = true;
      return this.lane.postBodyEnd(this.id, piece === undefined);
    }
    for (let from = 0; from < piece.length; from += pieceMaxBytes) {
      this.lane.postBodyPiece(this.id, piece.subarray(from, from + pieceMaxBytes));
    }
    [this.window] = nextSendWindow(this.window, { type: "sent", byteLength: piece.length });
  }
}
