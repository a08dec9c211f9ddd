import type { MessageGate } from "./message-gate.js";
import { frameMaxBytes, type RespFrames } from "./resp-frames.js";

/** So much of a message is held back at most until its channel is there. */
const heldMaxBytes = 4_096;

/**
 * Passes the bytes of frames on, but for those of messages that the gate refuses.
 *
 *   undecided ── no message, or one that the gate admits ──▶ passed ── the frame ends ──▶ undecided
 *       └────────── a message that it refuses ─────────────▶ skipped ── the frame ends ──▶ undecided
 */
export class PassingFrames {
  private state: "undecided" | "passed" | "skipped" = "undecided";
  private held: Buffer[] = [];
  private heldBytes = 0;

  constructor(
    private readonly frames: Pick<RespFrames, "arriving" | "mayBecomeMessage">,
    private readonly gate: MessageGate | undefined,
    private readonly pass: (bytes: Buffer) => void,
  ) {}

  /** Bytes of one frame, which may be its last ones. */
  take(bytes: Buffer, isLast: boolean): void {
    if (this.state === "undecided") this.state = this.decide();
    if (this.state === "undecided") {
      this.held.push(bytes);
      this.heldBytes += bytes.length;
      return;
    }
    if (this.state === "passed") {
      if (this.heldBytes > 0) this.passHeld();
      this.pass(bytes);
    }
    if (!isLast) return;
    this.state = "undecided";
    if (this.heldBytes > 0) this.forgetHeld();
  }

  /** A whole frame is decided. */
  private decide(): "undecided" | "passed" | "skipped" {
    const { arriving, mayBecomeMessage } = this.frames;
    if (arriving === undefined) return mayBecomeMessage && this.heldBytes < heldMaxBytes ? "undecided" : "passed";
    const { channel, byteLength } = arriving;
    return byteLength <= frameMaxBytes && this.gate?.admits(channel, byteLength) !== false ? "passed" : "skipped";
  }

  private passHeld(): void {
    const { held } = this;
    this.forgetHeld();
    for (const bytes of held) this.pass(bytes);
  }

  private forgetHeld(): void {
    this.held = [];
    this.heldBytes = 0;
  }
}
