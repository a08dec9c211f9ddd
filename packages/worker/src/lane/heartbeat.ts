/** A thread writes its heartbeat so often. */
export const heartbeatMs = 50;
