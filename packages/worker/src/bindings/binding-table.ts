import { createHash } from "node:crypto";

/**
 * The nodes at which searches of their own users were opened, in memory that all threads of the process share: a search
 * that a task has opened goes on wherever the application goes on with it.
 *
 *   buckets of 8 entries, chosen by the first word of the key
 *   entry    0 turn      even: at rest; odd: a thread is writing
 *            1 to 4      the key: the start of the SHA-256 of the search's id
 *            5 until     second of the process's clock at which the entry is over; 0: never used
 *            6 length    of the node's address in bytes, which are in the words after it
 *
 * An entry that is over is used again, else the one of its bucket that ends first. A thread that dies while it writes
 * leaves one entry unusable.
 */
const bucketEntries = 8;
const buckets = 256;
const keyWords = 4;
const addressMaxBytes = 264;
const headWords = 1 + keyWords + 2;
const entryWords = headWords + addressMaxBytes / Int32Array.BYTES_PER_ELEMENT;

const Word = { turn: 0, key: 1, until: 5, length: 6 } as const;

/** How many searches it holds at most: more than all nodes together keep scrolls open by default. */
export const bindingsMax = buckets * bucketEntries;

/** An empty table's memory. */
export function createBindingWords(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(bindingsMax * entryWords * Int32Array.BYTES_PER_ELEMENT));
}

export class BindingTable {
  private readonly bytes: Uint8Array;

  constructor(
    private readonly words: Int32Array,
    private readonly nowMs: () => number,
  ) {
    this.bytes = new Uint8Array(words.buffer);
  }

  /** The address of the node at which the search was opened; undefined where that is not known. */
  nodeOf(id: string): string | undefined {
    const key = keyOf(id);
    for (const at of entriesOf(key)) {
      const turn = Atomics.load(this.words, at + Word.turn);
      if (turn % 2 !== 0 || !this.hasKey(at, key) || !this.isInForce(at)) continue;
      const address = this.addressAt(at);
      // Written meanwhile: what was read is of two entries.
      if (Atomics.load(this.words, at + Word.turn) === turn) return address;
    }
    return undefined;
  }

  /** The search was opened there, or went on there, and lives for so long. Best effort: it may not be kept. */
  note(id: string, address: string, keepAliveMs: number): void {
    const text = Buffer.from(address, "latin1");
    if (text.length > addressMaxBytes) return;
    const key = keyOf(id);
    const until = Math.ceil((this.nowMs() + keepAliveMs) / 1_000) + 1;
    for (const at of this.candidatesFor(key)) {
      const turn = Atomics.load(this.words, at + Word.turn);
      if (turn % 2 !== 0 || Atomics.compareExchange(this.words, at + Word.turn, turn, turn + 1) !== turn) continue;
      // A shorter time, of a request that only asks for its status, takes nothing away.
      const before = this.hasKey(at, key) ? Atomics.load(this.words, at + Word.until) : 0;
      for (const [place, word] of key.entries()) Atomics.store(this.words, at + Word.key + place, word);
      Atomics.store(this.words, at + Word.until, Math.max(before, until));
      Atomics.store(this.words, at + Word.length, text.length);
      this.bytes.set(text, (at + headWords) * Int32Array.BYTES_PER_ELEMENT);
      Atomics.store(this.words, at + Word.turn, (turn + 2) | 0);
      return;
    }
  }

  /** The search is over. */
  forget(id: string): void {
    const key = keyOf(id);
    for (const at of entriesOf(key)) if (this.hasKey(at, key)) Atomics.store(this.words, at + Word.until, 0);
  }

  /** The entries that a search may take: its own first, then those that end first. */
  private candidatesFor(key: readonly number[]): number[] {
    const endOf = (at: number) => {
      if (this.hasKey(at, key)) return -1;
      return this.isInForce(at) ? Atomics.load(this.words, at + Word.until) : 0;
    };
    return entriesOf(key).sort((a, b) => endOf(a) - endOf(b));
  }

  private hasKey(at: number, key: readonly number[]): boolean {
    return key.every((word, place) => Atomics.load(this.words, at + Word.key + place) === word);
  }

  private isInForce(at: number): boolean {
    return Atomics.load(this.words, at + Word.until) * 1_000 > this.nowMs();
  }

  private addressAt(at: number): string {
    const from = (at + headWords) * Int32Array.BYTES_PER_ELEMENT;
    const length = Atomics.load(this.words, at + Word.length);
    return Buffer.from(this.bytes.slice(from, from + length)).toString("latin1");
  }
}

function keyOf(id: string): readonly number[] {
  const hash = createHash("sha256").update(id).digest();
  return Array.from({ length: keyWords }, (_, place) => hash.readInt32LE(place * Int32Array.BYTES_PER_ELEMENT));
}

function entriesOf([first = 0]: readonly number[]): number[] {
  const bucket = first & (buckets - 1);
  return Array.from({ length: bucketEntries }, (_, place) => (bucket * bucketEntries + place) * entryWords);
}
