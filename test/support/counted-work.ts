import { Session } from "node:inspector";

// Functions count their blocks only if they are compiled after this: so this file stands before what it counts.
const session = new Session();
session.connect();
session.post("Profiler.enable");
session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });

/**
 * How much code of the product runs: the blocks that V8 counts for its coverage, loops once a turn. It depends on the
 * input alone, not on the machine. What runs inside Node, such as `indexOf`, counts as nothing.
 */
export function countedBlocks(run: () => void): number {
  blocksSinceLast();
  run();
  return blocksSinceLast();
}

/** How many texts `JSON.parse` gets: one that is not JSON costs as much as thousands of blocks, for its error. */
export function countedParses(run: () => void): number {
  const { parse } = JSON;
  let parses = 0;
  JSON.parse = (text, reviver) => {
    parses++;
    return parse(text, reviver);
  };
  try {
    run();
    return parses;
  } finally {
    JSON.parse = parse;
  }
}

export function endCounting(): void {
  session.disconnect();
}

function blocksSinceLast(): number {
  let blocks = 0;
  session.post("Profiler.takePreciseCoverage", (error, taken) => {
    if (error !== null) throw error;
    for (const { url, functions } of taken.result) {
      if (!url.includes("/packages/")) continue;
      for (const { ranges } of functions) for (const { count } of ranges) blocks += count;
    }
  });
  return blocks;
}
