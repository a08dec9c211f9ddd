export const longIndex = "long";
const documents = 40_000;
const perBulk = 5_000;
/** Of one request, so that a slow machine is found out and not waited for. */
const timeoutMs = 60_000;

/** Such a request, and how long it took on the node that was asked, with nothing else to do. */
export interface LongRequest {
  readonly path: string;
  readonly body: object;
  readonly tookMs: number;
}

/** Fills an index of one shard with a copy on every node, and finds an aggregation over it that takes about so long. */
export async function prepareLongSearch(
  url: string,
  untilGreen: () => Promise<void>,
  wantedMs = 2_000,
): Promise<LongRequest> {
  await send(url, "PUT", `/${longIndex}`, JSON.stringify({ settings: { number_of_shards: 1, number_of_replicas: 2 } }));
  for (let from = 0; from < documents; from += perBulk) {
    const lines = Array.from({ length: perBulk }, (_, at) => {
      return `{"index":{}}\n{"number":${((from + at) * 7_919) % 100_003}}\n`;
    });
    await send(url, "POST", `/${longIndex}/_bulk`, lines.join(""));
  }
  await send(url, "POST", `/${longIndex}/_forcemerge?max_num_segments=1`);
  await send(url, "POST", `/${longIndex}/_refresh`);
  await untilGreen();
  const path = `/${longIndex}/_search?preference=_local&request_cache=false&filter_path=took`;
  // The first ones meet code that is not compiled yet, and how long many take is not a multiple of how long few do.
  let copies = 20;
  for (let round = 0; ; round++) {
    const body = bodyOf(copies);
    const beganMs = performance.now();
    await send(url, "POST", path, JSON.stringify(body));
    const tookMs = performance.now() - beganMs;
    if (round === 5) return { path, body, tookMs };
    copies = Math.max(1, Math.min(2_000, Math.round((copies * wantedMs) / tookMs)));
  }
}

/** The same work so many times over. */
function bodyOf(copies: number): object {
  const one = { percentiles: { field: "number" } };
  return { size: 0, aggs: Object.fromEntries(Array.from({ length: copies }, (_, at) => [`p${at}`, one])) };
}

async function send(url: string, method: string, path: string, body?: string): Promise<void> {
  const response = await fetch(url + path, {
    method,
    headers: { "content-type": path.endsWith("/_bulk") ? "application/x-ndjson" : "application/json" },
    signal: AbortSignal.timeout(timeoutMs),
    ...(body === undefined ? {} : { body }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: status ${response.status}, ${text.slice(0, 300)}`);
}
