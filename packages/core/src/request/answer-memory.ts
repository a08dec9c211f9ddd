/** So many bytes of each answer are not counted: small answers cost nothing here, and never wait. */
export const uncountedBytes = 65_536;

/** An answer that is being read. */
export interface GrowingAnswer {
  /** Bytes of its body so far. */
  readonly byteLength: number;
}

/**
 * Bounds what one thread holds of all answers together: those that are being read, and those that it has posted to
 * another thread and that are not taken there yet.
 *
 *   read ──at the bound──▶ waiting ──below the bound, or alone at it──▶ read
 *     └────────────────────── ended ◀────────────────────────────────────┘
 *
 * At the bound every answer waits but one, the favoured: with none, answers in part could fill the memory and none
 * could end. So the thread holds at most the bound, one answer more, the last chunk of each, and what is not counted.
 * While posted answers are not taken, none is favoured: their number would have no bound.
 *
 * Not promised: that answers wait no longer than the favoured one takes. The owner of each request ends it in time.
 */
export class AnswerMemory<Answer extends GrowingAnswer> {
  /** In the order in which they began to wait. */
  private readonly waiting = new Set<Answer>();
  private favoured: Answer | undefined;
  private readBytes = 0;
  private postedBytes = 0;

  constructor(private readonly maxBytes: number) {}

  get heldBytes(): number {
    return this.readBytes + this.postedBytes;
  }

  /** More of the answer has come. False: it waits from now on, until {@link next} returns it. */
  grew(answer: Answer, addedBytes: number): boolean {
    if (answer.byteLength <= uncountedBytes) return true;
    this.readBytes += counted(answer.byteLength) - counted(answer.byteLength - addedBytes);
    if (this.heldBytes < this.maxBytes || answer === this.favoured) return true;
    if (this.mayFavour) {
      this.favoured = answer;
      return true;
    }
    this.waiting.add(answer);
    return false;
  }

  /** The answer is whole, or was given up: it has left this memory. */
  ended(answer: Answer): void {
    this.readBytes -= counted(answer.byteLength);
    this.waiting.delete(answer);
    if (this.favoured === answer) this.favoured = undefined;
  }

  /** A whole answer of so many bytes is on its way to another thread. */
  posted(byteLength: number): void {
    this.postedBytes += counted(byteLength);
  }

  /** The other thread has it. */
  taken(byteLength: number): void {
    this.postedBytes -= counted(byteLength);
  }

  /** The next answer that is to be read on; to be called until there is none. */
  next(): Answer | undefined {
    const isFull = this.heldBytes >= this.maxBytes;
    if (isFull && !this.mayFavour) return undefined;
    const [answer] = this.waiting;
    if (answer === undefined) return undefined;
    this.waiting.delete(answer);
    if (isFull) this.favoured = answer;
    return answer;
  }

  private get mayFavour(): boolean {
    return this.favoured === undefined && this.postedBytes === 0;
  }
}

function counted(byteLength: number): number {
  return Math.max(0, byteLength - uncountedBytes);
}
