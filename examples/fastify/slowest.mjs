// A task for a worker thread: of the newest 10,000 lines of a log, those that took longest.
export default async function slowest({ index, count }, { request, signal }) {
  const path = `/${index}/_search`;
  const found = await request({ method: "POST", path, body: { size: 10_000, sort: { "@timestamp": "desc" } }, signal });
  const lines = found
    .throwIfError()
    .json()
    .hits.hits.map(({ _source }) => _source);
  return lines.sort((one, other) => other.tookMs - one.tookMs).slice(0, count);
}
