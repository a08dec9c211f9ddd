import { Listeners, safeLogger, silentLogger } from "@rollcall/core";
import { type PoolConfig, type PoolOptions, parsePoolConfig, redactConfig } from "@rollcall/core/config";
import { Activity } from "../api/activity.js";
import type { Pool } from "../api/api.js";
import { ClusterPool } from "../api/cluster-pool.js";
import { Deadlines } from "../api/deadlines.js";
import type { NodeState } from "../api/node-status.js";
import { PoolEmitter } from "../api/pool-events.js";
import type { PoolParts } from "../api/pool-parts.js";
import { requestDefaults } from "../api/prepare-request.js";
import { Readiness } from "../api/readiness.js";
import { Requests } from "../api/requests.js";
import { Tasks } from "../threads/tasks.js";
import { DeclaredAnswers } from "./declared-answers.js";
import type { MockReply } from "./mock-answer.js";
import type { MockMatch } from "./mock-match.js";
import { MockNodes } from "./mock-nodes.js";
import type { MockRequest } from "./mock-request.js";
import { MockSender } from "./mock-sender.js";

/** As `createPool`'s, and checked like them. `nodes`: default one, `http://mock:9200`. No name is resolved. */
export type MockPoolOptions = Partial<PoolOptions>;

/** A pool for unit tests: without sockets and threads, it answers what is declared. All else is the pool's own code. */
export interface MockPool extends Pool {
  /**
   * Declares what requests get. A reply answers any number of requests; a list of them one request each, in order. Of the
   * answers that match, the one that was declared last counts, unless its list is used up. Returns the mock.
   *
   * @throws {RollcallError} `CONFIG` for what is no pattern, or no answer
   */
  answer(match: MockMatch, reply: MockReply | readonly MockReply[]): this;
  /** Every request so far that was sent, in order: those that were refused as `CONFIG` are not among them. */
  readonly requests: readonly MockRequest[];
  /** What was declared and no request has used; of a list, how much is left. For the end of a test. */
  unused(): string[];
  /**
   * Gives a node another state, for what reads `nodes()` or listens to `node` and `degraded`. Answers do not depend on it.
   *
   * @throws {RollcallError} `CONFIG` for another address than the configured ones, and for what is no state
   */
  setNode(address: string, state: NodeState, reason?: string): void;
}

/**
 * Makes a pool whose requests get declared answers. They are checked and serialised as in any pool: one that would be
 * refused there is refused here. A request without a declared answer fails with `CONFIG`. Nothing is retried: a reply is
 * what comes of a request in the end.
 *
 * @throws {RollcallError} `CONFIG`, listing every problem of the options
 */
export function mockPool(options: MockPoolOptions = {}): MockPool {
  const config = parsePoolConfig({ nodes: ["http://mock:9200"], ...options }, { cores: 1, heapLimitBytes: 2 ** 30 });
  const warnOfLogger = (error: unknown) => process.emitWarning(`the logger failed: ${String(error)}`);
  const emitter = new PoolEmitter(safeLogger(config.logger ?? silentLogger, warnOfLogger));
  return new DeclaredPool(config, emitter);
}

class DeclaredPool extends ClusterPool implements MockPool {
  readonly #requests: readonly MockRequest[];
  readonly #answers: DeclaredAnswers;
  readonly #nodes: MockNodes;

  constructor(config: PoolConfig, emitter: PoolEmitter) {
    const requests: MockRequest[] = [];
    const answers = new DeclaredAnswers();
    const nodes = new MockNodes(config.seeds, redactConfig(config).seeds, emitter);
    const parts = mockParts({ config, emitter, answers, nodes, record: (request) => requests.push(request) });
    super(config, parts);
    this.#requests = requests;
    this.#answers = answers;
    this.#nodes = nodes;
  }

  get requests(): readonly MockRequest[] {
    return this.#requests;
  }

  answer(match: MockMatch, reply: MockReply | readonly MockReply[]): this {
    this.#answers.add(match, reply);
    return this;
  }

  unused(): string[] {
    return this.#answers.unused();
  }

  setNode(address: string, state: NodeState, reason?: string): void {
    this.#nodes.set(address, state, reason);
  }
}

interface MockParts {
  readonly config: PoolConfig;
  readonly emitter: PoolEmitter;
  readonly answers: DeclaredAnswers;
  readonly nodes: MockNodes;
  readonly record: (request: MockRequest) => void;
}

function mockParts({ config, emitter, answers, nodes, record }: MockParts): PoolParts {
  const nowMs = () => performance.now();
  const activity = new Activity();
  const deadlines = new Deadlines(nowMs);
  const sender = new MockSender({ answers, nodes, headers: config.headers, nowMs, record });
  const requests = new Requests({
    ...{ sender, deadlines, nowMs, defaults: requestDefaults(config), count: activity.countRequest, observer: emitter },
    protect: () => {},
  });
  const tasks = new Tasks({
    ...{ threads: undefined, deadlines, nowMs, count: activity.countTask },
    request: (request) => requests.request(request),
  });
  const always = { isVerified: true, isUp: true, problem: undefined, threadProblem: undefined, signProblem: undefined };
  return {
    ...{ emitter, activity, requests, tasks },
    readiness: new Readiness(() => always, new Listeners<void>()),
    status: {
      nodes: () => nodes.statuses(),
      stats: () => ({
        ...activity.totals,
        errors: { ...activity.errors },
        pending: activity.pendingRequests,
        inFlight: nodes.statuses().reduce((sum, { inFlight }) => sum + inFlight, 0),
        ...{ queued: 0, retries: 0, retriesLeft: 0, waits: 0, waitedMs: 0, nodes: nodes.statuses(), threads: [] },
        queue: { expectedWaitMs: 0, inFlightMax: 0, debtMs: 0, refused: { full: 0, late: 0, standing: 0 } },
      }),
    },
    async close() {
      tasks.close();
      await sender.destroy();
      deadlines.close();
    },
  };
}
