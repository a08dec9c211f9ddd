/** The bytes of this thread's buffers, without what can be collected: how long V8 leaves that is its own affair. */
export function heldByThisThread(): number {
  gc?.();
  return process.memoryUsage().arrayBuffers;
}
