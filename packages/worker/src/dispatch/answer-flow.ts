import { AnswerMemory, type GrowingAnswer } from "@rollcall/core/request";

/** An answer whose connection stops to be read as soon as `grew` has returned false. */
export interface PausedAnswer extends GrowingAnswer {
  /** Reads on. Called in a turn of its own. */
  resume(): void;
}

/** Lets the large answers of one thread come in as far as memory allows: the others wait on their connections. */
export class AnswerFlow {
  private readonly memory: AnswerMemory<PausedAnswer>;
  private isResuming = false;

  constructor(maxBytes: number) {
    this.memory = new AnswerMemory(maxBytes);
  }

  /** More of the answer has come. False: it is not to be read until `resume` is called. */
  grew(answer: PausedAnswer, addedBytes: number): boolean {
    return this.memory.grew(answer, addedBytes);
  }

  /** The answer has been handed on, or was given up. */
  ended(answer: PausedAnswer): void {
    this.memory.ended(answer);
    this.resumeSoon();
  }

  /** A whole answer of so many bytes is on its way to another thread. */
  posted(byteLength: number): void {
    this.memory.posted(byteLength);
  }

  /** The other thread has it. */
  taken(byteLength: number): void {
    this.memory.taken(byteLength);
    this.resumeSoon();
  }

  /** Not in this turn: an answer mostly ends while undici's parser runs, and there is only one. */
  private resumeSoon(): void {
    if (this.isResuming) return;
    this.isResuming = true;
    queueMicrotask(() => {
      this.isResuming = false;
      for (let answer = this.memory.next(); answer !== undefined; answer = this.memory.next()) answer.resume();
    });
  }
}
