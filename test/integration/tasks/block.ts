import type { TaskContext } from "@rollcall/worker";

/**
 * Blocks its thread until main releases it: as a long computation would, but for exactly as long as the test needs.
 * Words: 0 set once it blocks, 1 set by main to end it.
 */
export default function block(words: Int32Array, _context: TaskContext): string {
  Atomics.store(words, 0, 1);
  Atomics.wait(words, 1, 0, 120_000);
  return "let go";
}
