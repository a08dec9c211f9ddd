/** The smallest and the greatest allowed value of a whole number; units are in the name. */
export interface Bound {
  readonly min: number;
  readonly max: number;
}

/** What an option is when it is not given. */
export const defaults = {
  coordinator: "candidate",
  /** At most: see {@link defaultThreads}. */
  threads: 2,
  timeoutMs: 30_000,
  connections: {
    perNode: 64,
    opening: 16,
    // We must be the first to close, for a request on a connection that the other side is closing is lost. Nodes keep
    // idle connections open; proxies and load balancers between close them, by default after a minute or so (nginx 75 s,
    // AWS 60 s). Much shorter would open new connections, with TLS, between the bursts of a quiet application.
    idleMs: 20_000,
    maxAgeMs: 1_800_000,
  },
  queue: { perThread: 1_024 },
  retry: { max: 3 },
  discovery: { intervalMs: 30_000 },
} as const;

/** As many as leave one core to the application, up to the default; on one core 0, so that none is started in vain. */
export function defaultThreads(cores: number): number {
  return Math.max(0, Math.min(defaults.threads, cores - 1));
}

const tenMinutesMs = 600_000;
const oneDayMs = 86_400_000;

/** What an option may be. */
export const bounds = {
  // Beyond 2^31-1 ms a Node timer fires at once; a day is far from it, and longer than any sensible wait.
  timeoutMs: { min: 1, max: oneDayMs },
  threads: { min: 0, max: 64 },
  connections: {
    perNode: { min: 1, max: 4_096 },
    opening: { min: 1, max: 4_096 },
    idleMs: { min: 100, max: tenMinutesMs },
    maxAgeMs: { min: 1_000, max: oneDayMs },
  },
  queue: { perThread: { min: 0, max: 1_048_576 } },
  retry: { max: { min: 1, max: 20 } },
  discovery: {
    intervalMs: { min: 1_000, max: oneDayMs },
    /** Entries. */
    addressMap: { min: 0, max: 4_096 },
    /** Entries of each list. */
    allow: { min: 1, max: 1_024 },
  },
  /** Entries. */
  nodes: { min: 1, max: 1_024 },
  /** Entries of `redis.cluster`. */
  redisNodes: { min: 1, max: 64 },
  urlCharacters: { min: 1, max: 2_048 },
  // Each part of a credential: far more than any server reads as one header.
  secretCharacters: { min: 1, max: 16_384 },
  /** Entries. */
  headers: { min: 0, max: 64 },
  headerCharacters: { min: 0, max: 8_192 },
  pemCharacters: { min: 1, max: 1_048_576 },
  /** Entries of `tls.ca`. */
  authorities: { min: 1, max: 256 },
  port: { min: 1, max: 65_535 },
} as const satisfies Record<string, Bound | Record<string, Bound>>;

/** What has no option. */
export const fixed = {
  /** How long one attempt to open a connection, TLS included, may take. */
  connectTimeoutMs: 3_000,
  /** For a node whose last probe was quick; a slower one gets three times that, up to the greatest. */
  probeTimeoutMs: 1_000,
  probeTimeoutMaxMs: 3_000,
  sniffTimeoutMs: 5_000,
  /** How long a request keeps trying while no node accepts a connection. */
  noNodeWaitMs: 5_000,
  /** How long requests on a node that has left may still take. */
  drainMs: 30_000,
  /** How long `close()` waits for requests under way. */
  closeTimeoutMs: 10_000,
  /** Nodes and configured addresses that one pool can hold; the most that one list of nodes may name, and as many again. */
  slotsMax: 8_192,
  /** A larger answer ends its request with `BAD_RESPONSE`: no JavaScript string could hold it. */
  maxResponseBytes: 536_870_888,
  /** `intervalMs` is stretched or shortened by up to this part of itself, so that clients do not march in step. */
  discoveryJitter: 0.1,
} as const;
