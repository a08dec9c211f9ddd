/** So long without a byte, while requests wait, asks for a probe. Fixed: rules by percentiles find slow work too late. */
const silenceMs = 250;
/** Each answered probe doubles that, up to here. */
const silenceMaxMs = 4_000;
/** How long a probe may take: at least so long, and so many times what the node's last handshake took. */
const probeTimeoutLeastMs = 500;
const probeTimeoutHandshakes = 3;
/** A probe that nobody has answered for, so long after its time is over, is asked again. */
const answerWithinMs = 5_000;

/**
 * Whether one node has fallen silent, as one process sees it: frozen (stopped, swapping, a black hole in the network),
 * so that requests wait on it and their connections never fail. One slow request means nothing; no byte on any of them,
 * and then no answer to a probe on a fresh connection, means that nobody is there.
 *
 *         requests in flight              no byte for 250 ms x 2^k                no answer
 *   calm ───────────────────▶ waiting ───────────────────────────▶ probing ──────────────────▶ silent
 *    ▲                         │  ▲ ▲                               │ │ ▲ (void: asked again)     │
 *    └── none in flight ───────┘  │ └── a byte: k = 0 ─────────────┘ │                           │
 *    ▲                            └──── answered: slow, not dead; k + 1                           │
 *    └────────────────────────── a byte, or an answer to a trial ─────────────────────────────────┘
 *
 * k counts the answered probes since the last byte of a response, so a long query alone on a node costs a few probes. A
 * request that is sent after the last of them is owed the first promptness again.
 *
 * Given in, at each event, is what all threads of the process have seen. All times are monotonic milliseconds.
 */
export type StallDetector = Calm | Waiting | Probing | Silent;

interface Calm {
  readonly state: "calm";
  /** Probes asked for so far: the number of the last one. */
  readonly probes: number;
}

interface Waiting {
  readonly state: "waiting";
  readonly probes: number;
  /** Answered probes since the last byte of a response, and when the last of them was; -Infinity for never. */
  readonly answers: number;
  readonly answeredAtMs: number;
  /** When a request was sent after that: the first one seen. */
  readonly sentSinceMs: number | undefined;
}

interface Probing {
  readonly state: "probing";
  readonly probes: number;
  readonly answers: number;
  /** When the first probe of this suspicion was asked for. */
  readonly suspectedAtMs: number;
  /** When the probe is given up, if nobody says what came of it. */
  readonly giveUpAtMs: number;
}

interface Silent {
  readonly state: "silent";
  readonly probes: number;
  readonly suspectedAtMs: number;
}

/** What this process has seen of the node. */
export interface NodeTraffic {
  /**
   * Since when the oldest and the newest request in flight have been waiting, among the threads that run, as
   * `waitingSinceMs` in stall.ts has it; undefined for none. Not in flight is what our own backpressure holds up.
   */
  readonly oldestMs: number | undefined;
  readonly newestMs: number | undefined;
  /** When the last byte came from it, on whatever connection of a request; -Infinity for never. */
  readonly heardMs: number;
  /** How long its last connection took to open, with TLS; undefined if that is not known. */
  readonly handshakeMs: number | undefined;
}

export type StallEvent =
  /** To be told every `beatMs` of stall.ts. */
  | { readonly type: "tick" }
  /**
   * What came of a `probe` effect. Any answer at all is "answered", whatever its status; "void" is one that was judged
   * while this process was not running, or not made for reasons of our own.
   */
  | { readonly type: "probed"; readonly probe: number; readonly outcome: "answered" | "void" }
  | { readonly type: "probed"; readonly probe: number; readonly outcome: "unanswered"; readonly reason: string }
  /** The node has answered somebody else's probe: a trial after its ejection, or the coordinator's. */
  | { readonly type: "returned" };

export type StallEffect =
  /** Probe the node on a fresh connection, and come back with `probed` and that number. */
  | { readonly type: "probe"; readonly probe: number; readonly timeoutMs: number }
  /** Tell the detector `silent`: it keeps requests away and reports. The Reads that wait on the node may move now. */
  | { readonly type: "silent"; readonly reason: string };

type Step = readonly [StallDetector, readonly StallEffect[]];

/** Of a slot that has just been given its node. */
export const newStallDetector: StallDetector = { state: "calm", probes: 0 };

/** Takes one event into account. The same silence comes back if the event changes nothing. */
export function nextStallDetector(
  silence: StallDetector,
  event: StallEvent,
  traffic: NodeTraffic,
  nowMs: number,
): Step {
  switch (event.type) {
    case "tick":
      return inTime(withTraffic(silence, traffic), traffic, nowMs);
    case "probed":
      // An answer to an earlier question comes too late to say anything.
      if (event.probe !== silence.probes) return [silence, []];
      // What has come in since the last tick counts first.
      return probed(withTraffic(silence, traffic), event, traffic, nowMs);
    case "returned":
      return silence.state === "silent" ? [waiting(silence, 0, nowMs), []] : [silence, []];
  }
}

/** Since when the node is under suspicion, or silent; undefined while it is neither. */
export function suspectedSinceMs(silence: StallDetector): number | undefined {
  return silence.state === "probing" || silence.state === "silent" ? silence.suspectedAtMs : undefined;
}

/** A byte ends any suspicion; without requests there is nothing to wait for, but a probe under way is still of use. */
function withTraffic(silence: StallDetector, { oldestMs, newestMs, heardMs }: NodeTraffic): StallDetector {
  const { probes } = silence;
  switch (silence.state) {
    case "calm":
      return oldestMs === undefined ? silence : waiting(silence, 0, never);
    case "waiting": {
      if (oldestMs === undefined) return { state: "calm", probes };
      if (silence.answers === 0) return silence;
      if (heardMs > silence.answeredAtMs) return waiting(silence, 0, never);
      const isSentSince =
        silence.sentSinceMs === undefined && newestMs !== undefined && newestMs > silence.answeredAtMs;
      return isSentSince ? { ...silence, sentSinceMs: newestMs } : silence;
    }
    case "probing":
    case "silent":
      // A suspicion begins long after the last byte: one of the same millisecond has come since.
      if (heardMs < silence.suspectedAtMs) return silence;
      return oldestMs === undefined ? { state: "calm", probes } : waiting(silence, 0, never);
  }
}

/** What the time makes due. */
function inTime(silence: StallDetector, traffic: NodeTraffic, nowMs: number): Step {
  if (silence.state === "probing" && nowMs >= silence.giveUpAtMs) {
    return ask(silence, silence.answers, silence.suspectedAtMs, traffic, nowMs);
  }
  if (silence.state === "waiting" && nowMs >= probeDueMs(silence, traffic)) {
    return ask(silence, silence.answers, nowMs, traffic, nowMs);
  }
  return [silence, []];
}

function probed(
  silence: StallDetector,
  event: Extract<StallEvent, { type: "probed" }>,
  traffic: NodeTraffic,
  nowMs: number,
): Step {
  if (silence.state !== "probing") return [silence, []];
  const { probes, answers, suspectedAtMs } = silence;
  switch (event.outcome) {
    case "answered":
      return [waiting(silence, answers + 1, nowMs), []];
    case "void":
      return ask(silence, answers, suspectedAtMs, traffic, nowMs);
    case "unanswered":
      return [{ state: "silent", probes, suspectedAtMs }, [{ type: "silent", reason: event.reason }]];
  }
}

const never = Number.NEGATIVE_INFINITY;

function waiting({ probes }: StallDetector, answers: number, answeredAtMs: number): Waiting {
  return { state: "waiting", probes, answers, answeredAtMs, sentSinceMs: undefined };
}

function probeDueMs(
  { answers, answeredAtMs, sentSinceMs }: Waiting,
  { oldestMs = never, heardMs }: NodeTraffic,
): number {
  const byAll = Math.max(oldestMs, heardMs, answeredAtMs) + Math.min(silenceMaxMs, silenceMs * 2 ** answers);
  return sentSinceMs === undefined ? byAll : Math.min(byAll, Math.max(oldestMs, heardMs, sentSinceMs) + silenceMs);
}

function ask(
  { probes }: StallDetector,
  answers: number,
  suspectedAtMs: number,
  traffic: NodeTraffic,
  nowMs: number,
): Step {
  const probe = probes + 1;
  const timeoutMs = Math.max(probeTimeoutLeastMs, probeTimeoutHandshakes * (traffic.handshakeMs ?? 0));
  const giveUpAtMs = nowMs + timeoutMs + answerWithinMs;
  return [
    { state: "probing", probes: probe, answers, suspectedAtMs, giveUpAtMs },
    [{ type: "probe", probe, timeoutMs }],
  ];
}
