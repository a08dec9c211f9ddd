/** The result of the work; undefined once the signal has fired. The work itself goes on, and its failure is ignored. */
export function unlessStopped<Result>(work: Promise<Result>, stop: AbortSignal): Promise<Result | undefined> {
  let cancel = () => {};
  const stopped = new Promise<undefined>((resolve) => {
    const end = () => resolve(undefined);
    if (stop.aborted) end();
    stop.addEventListener("abort", end, { once: true });
    cancel = () => stop.removeEventListener("abort", end);
  });
  return Promise.race([stopped, work]).finally(cancel);
}
