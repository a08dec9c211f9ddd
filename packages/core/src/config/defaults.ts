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
  /** No JavaScript string could hold a larger answer. */
  maxResponseBytes: 536_870_888,
  /** At most: see {@link defaultMaxBufferedResponseBytes}. */
  maxBufferedResponseBytes: 268_435_456,
  connections: {
    perNode: 64,
    opening: 16,
    // The pool must close first: a request on a connection that the other side is closing is lost. Nodes keep idle
    // connections open, but proxies and load balancers close them, by default after about a minute (nginx: 75 s, AWS:
    // 60 s). A much shorter time would open new connections, with TLS, between the bursts of a quiet application.
    idleMs: 20_000,
    maxAgeMs: 1_800_000,
  },
  // Not adaptive by default: of calls that take 5 ms and 2 s mixed, it refuses some where nodes could take all.
  queue: { perThread: 1_024, adaptive: false },
  retry: { max: 3 },
  // Off, because over a fast network it costs calls and processors, of nodes too. Smaller bodies cost more to pack than
  // 100 Mbit/s take to send: see bench/results.
  compression: { requests: false, responses: false, aboveBytes: 32_768 },
  // The part of the answers' time. Simulated: enough for every fault of one node of three.
  hedge: { extraWork: 0.02 },
  discovery: { source: "sniff", intervalMs: 30_000 },
} as const;

/** Leaves one core to the application, up to the default. With one core: 0, because a thread would not help. */
export function defaultThreads(cores: number): number {
  return Math.max(0, Math.min(defaults.threads, cores - 1));
}

/**
 * A quarter of the heap's limit, up to the default: Node sets that limit by the memory of the machine or container, and
 * an answer that is decoded takes several times its bytes.
 */
export function defaultMaxBufferedResponseBytes(heapLimitBytes: number): number {
  const { min } = bounds.maxBufferedResponseBytes;
  return Math.max(min, Math.min(defaults.maxBufferedResponseBytes, Math.floor(heapLimitBytes / 4)));
}

const tenMinutesMs = 600_000;
const oneDayMs = 86_400_000;

/** What an option may be. */
export const bounds = {
  // Beyond 2^31-1 ms a Node timer fires at once; a day is far from it, and longer than any sensible wait.
  timeoutMs: { min: 1, max: oneDayMs },
  maxResponseBytes: { min: 1_024, max: 536_870_888 },
  maxBufferedResponseBytes: { min: 1_048_576, max: 1_099_511_627_776 },
  threads: { min: 0, max: 64 },
  connections: {
    perNode: { min: 1, max: 4_096 },
    fleetPerNode: { min: 1, max: 1_000_000 },
    opening: { min: 1, max: 4_096 },
    idleMs: { min: 100, max: tenMinutesMs },
    maxAgeMs: { min: 1_000, max: oneDayMs },
  },
  queue: { perThread: { min: 0, max: 1_048_576 } },
  retry: { max: { min: 1, max: 20 } },
  compression: { aboveBytes: { min: 0, max: 1_073_741_824 } },
  hedge: { extraWork: { min: 0.001, max: 0.2 } },
  discovery: {
    intervalMs: { min: 1_000, max: oneDayMs },
    /** Entries. */
    addressMap: { min: 0, max: 4_096 },
    /** Entries of each list. */
    allow: { min: 1, max: 1_024 },
  },
  selection: {
    /** Entries of each list. */
    matches: { min: 1, max: 16 },
    roles: { min: 1, max: 64 },
    attributes: { min: 1, max: 64 },
    values: { min: 1, max: 64 },
    wordCharacters: { min: 1, max: 1_024 },
  },
  /** Entries. */
  nodes: { min: 1, max: 1_024 },
  /** Entries of `redis.cluster`. */
  redisNodes: { min: 1, max: 64 },
  /** Of each secret of a view: fewer would be guessed by who reads Redis. */
  secretBytes: { min: 16, max: 1_024 },
  /** Entries of `secret`: two while one replaces the other. */
  secrets: { min: 1, max: 8 },
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

/** Values without an option. */
export const fixed = {
  /** How long one attempt to open a connection, TLS included, may take. */
  connectTimeoutMs: 3_000,
  /** How long a connection waits for the first addresses of a name. Resolvers repeat a lost question after 5 s. */
  lookupTimeoutMs: 10_000,
  /** The most addresses of a name that one connection tries. */
  addressesTriedMax: 8,
  /** For a node whose last probe was quick; a slower one gets three times that, up to the greatest. */
  probeTimeoutMs: 1_000,
  probeTimeoutMaxMs: 3_000,
  sniffTimeoutMs: 5_000,
  /** How long a function or module given as `sign` may take for one attempt. */
  signTimeoutMs: 10_000,
  /** How long a request keeps trying while no node accepts a connection. */
  noNodeWaitMs: 5_000,
  /** The time that requests in flight have on a node that is draining. */
  drainMs: 30_000,
  /** How long `close()` waits for requests in flight. */
  closeTimeoutMs: 10_000,
  /**
   * Nodes and configured addresses that one pool can hold: those of a list of the greatest length, those of the one before
   * whose last requests are still ending, and half as many again.
   */
  slotsMax: 20_480,
  /**
   * `intervalMs` is stretched or shortened by up to this part of itself, so that clients do not sniff at the same time.
   */
  discoveryJitter: 0.1,
} as const;
