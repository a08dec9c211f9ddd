type Admission = (channel: string, byteLength: number) => boolean;

/**
 * Decides on each message of a connection before the client reads it, by its channel, one character a byte, and its
 * length. It admits all until a store says what it takes.
 */
export class MessageGate {
  private admission: Admission = () => true;

  /** From now on this decides. */
  decideBy(admission: Admission): void {
    this.admission = admission;
  }

  admits(channel: string, byteLength: number): boolean {
    return this.admission(channel, byteLength);
  }
}
