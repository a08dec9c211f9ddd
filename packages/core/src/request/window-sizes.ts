const mebibyte = 1_048_576;

/** Pieces of a stream between threads are joined up to this size. */
export const pieceMaxBytes = mebibyte / 4;

/** The window of a stream that does not leave its thread: a few reads of a socket. */
export const ownThreadWindowBytes = mebibyte / 4;

/** The first streams of a thread cost the main thread least: measured, more than this gains nothing. */
const windowBytes = mebibyte;

/** The smallest window of a stream through a thread. */
export const windowMinBytes = mebibyte / 4;

/** What the windows of all streams of one thread may hold together. */
export const windowsMaxBytes = 64 * mebibyte;

/**
 * The window of one more stream through a thread, by what the windows of its others hold together: the first 32 get
 * 1 MiB each, 128 more get a quarter of that. Undefined: there is no room for it. `streams`: a request whose body and
 * answer both stream needs two, of the same size.
 */
export function nextWindowBytes(othersBytes: number, streams = 1): number | undefined {
  if (othersBytes + streams * windowBytes <= windowsMaxBytes / 2) return windowBytes;
  return othersBytes + streams * windowMinBytes <= windowsMaxBytes ? windowMinBytes : undefined;
}
