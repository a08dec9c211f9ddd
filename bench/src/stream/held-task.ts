// Run by `pool.run` in a thread: the bytes of the buffers that it holds.
import { heldByThisThread } from "./held-bytes.js";

export default function heldTask(_: unknown): number {
  return heldByThisThread();
}
