// Which tests there are, how long a file may take, and what may run beside what.

/** Of one file: twice what the slowest takes on two busy processors, and more. */
const longFileMs = 720_000;
const unitFileMs = 120_000;
/** The simulation computes in the time that the others leave. */
const simulationFileMs = 1_500_000;
/** A file of the matrix runs several engines, one after the other. */
const isMatrixOfEngines = process.env.ROLLCALL_TEST_ENGINES === "all";
/** The path of a newer Node, as .ci/run gives it; without one the suite `newer` is left out. */
const newerNode = process.env.ROLLCALL_TEST_NEWER_NODE;

/**
 * `slots`: how many files of the suite run at once. `niceness`: a suite that computes yields the processors to those
 * whose tests mostly wait, because their nodes and replicas have deadlines of their own. `first`: the longest files,
 * so that none of them is left over at the end. `node`: what runs them, where that is not the Node that runs this.
 * `together`: so many files in one process, where they leave it as it was: to load it takes longer than most of them.
 */
export const suites = {
  unit: {
    folders: ["packages", "demo/dist", "test/dist/unit", "test/dist/soak"],
    except: /^packages\/testing\//,
    together: 15,
    // Half of their time is waiting.
    slots: 4,
    fileTimeoutMs: unitFileMs,
  },
  integration: {
    folders: ["packages/testing/dist", "test/dist/integration", "test/dist/support"],
    first: [
      ...[
        "shared-view",
        "demo-fleet",
        "failover",
        "status",
        "discovery",
        "frozen",
        "cli",
        "retries",
        "tasks",
        "requests",
      ],
      ...["credentials", "demo-interrupt", "operations", "examples"],
    ],
    slots: 3,
    fileTimeoutMs: longFileMs,
  },
  /** A pool keeps its promises with worker threads too: the same files with two threads. */
  threads: {
    folders: ["test/dist/integration"],
    only: /\/(?:request[\w-]+|child-pools|helpers|retries|failover|frozen|close|credentials|stream[\w-]+)\.test\.js$/,
    first: ["failover", "frozen", "requests", "credentials", "close", "retries"],
    slots: 3,
    fileTimeoutMs: longFileMs,
    env: { ROLLCALL_TEST_THREADS: "2" },
  },
  /** Requests through worker threads on a newer Node, whose behaviour there hangs most on Node itself. */
  newer: {
    folders: ["test/dist/integration"],
    only: /\/requests\.test\.js$/,
    slots: 1,
    fileTimeoutMs: longFileMs,
    env: { ROLLCALL_TEST_THREADS: "2" },
    node: newerNode,
  },
  /** Fault scenarios of whole fleets of processes, which mostly wait. */
  faults: {
    folders: ["test/dist/faults", "test/dist/redis-drills"],
    first: ["restarts", "bad-observers", "pauses"],
    slots: 2,
    fileTimeoutMs: longFileMs,
  },
  simulation: {
    folders: ["test/dist/simulation", "test/dist/model"],
    first: ["simulation"],
    slots: 1,
    niceness: 3,
    fileTimeoutMs: simulationFileMs,
  },
  /** The official clients, alone and on a pool. */
  clients: { folders: ["test/dist/clients", "test/dist/yaml"], slots: 1, fileTimeoutMs: longFileMs },
  /** Real engines: one of each product, and with `npm run test:engines` the matrix of them. */
  engine: {
    folders: ["test/dist/engine"],
    except: isMatrixOfEngines
      ? /^$/
      : /\/(?:elasticsearch|opensearch-secured|credential-rotation|selection|tls)\.test\.js$/,
    first: ["elasticsearch-secured"],
    slots: 1,
    niceness: 2,
    fileTimeoutMs: isMatrixOfEngines ? 4 * longFileMs : longFileMs,
  },
};

/**
 * Suites of one stage run side by side, within `slots` of the stage; a stage begins when the one before has passed. Those
 * with one slot come first: at the end, one of them alone would leave a processor idle.
 */
export const stages = [
  { suites: ["unit"], slots: 4 },
  {
    suites: [
      "engine",
      "simulation",
      "clients",
      ...(newerNode === undefined ? [] : ["newer"]),
      "faults",
      "integration",
      "threads",
    ],
    slots: 5,
  },
];
