import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { it } from "node:test";
import { startFixtureCluster } from "@rollcall/testing/fixture";
import type { Pool, PoolRequest } from "@rollcall/worker";
import { allCalls } from "./all-calls.js";
import { changedPool } from "./changed-pool.js";
import { type AnyClient, type TestedClient, testedClients } from "./clients.js";
import { differencesOf } from "./compare.js";
import { problemsOf } from "./differences.js";
import { runAlone, runOnPool } from "./run-both.js";

/** An adapter with one thing wrong. */
interface Mutant {
  readonly what: string;
  readonly onPool: (tested: TestedClient, pool: Pool) => AnyClient;
  /** Of the problems that the comparison finds, the one that shows it. */
  readonly shownBy: RegExp;
}

/** The calls that show the mutants: all of them would take a minute, most of it the waits of the clients' own retries. */
const calls = allCalls.filter(({ name }) => /^(?:search without a body$|an opaque id$|a write that is)/.test(name));

const mutants: readonly Mutant[] = [
  {
    what: "drops the query",
    onPool: (tested, pool) =>
      client(
        tested,
        changedPool(pool, (one) => ({ ...one, path: one.path.replace(/\?.*/, "") })),
      ),
    shownBy: /^search without a body: wire\.0\.url is/m,
  },
  {
    what: "loses the opaque id",
    onPool: (tested, pool) => client(tested, changedPool(pool, withoutOpaqueId)),
    shownBy: /^an opaque id: wire\.0\.headers\.x-opaque-id is o-1 alone, undefined on the pool/m,
  },
  {
    what: "leaves the client's loop of retries on",
    onPool: withRetries,
    shownBy: /^no difference in .*a write that is/m,
  },
];

for (const tested of testedClients.filter(({ name }) => /9|opensearch 3/.test(name))) {
  it(`the comparison of ${tested.name} finds an adapter that is wrong`, async () => {
    await using cluster = await startFixtureCluster({ kind: tested.kind, nodes: 1 });
    const [upstream = ""] = cluster.urls;
    const [alone, well, ...mutated] = await Promise.all([
      runAlone(tested, upstream, calls),
      runOnPool(tested, upstream, calls, 0),
      ...mutants.map(({ onPool }) => runOnPool(tested, upstream, calls, 0, (pool) => onPool(tested, pool))),
    ]);
    const problemsWith = (onPool: typeof alone) => problemsOf(differencesOf(alone, onPool), tested.name).join("\n");
    for (const [at, { what, shownBy }] of mutants.entries()) {
      assert.match(problemsWith(mutated[at] ?? []), shownBy, `an adapter that ${what}`);
      assert.doesNotMatch(problemsWith(well), shownBy, "one that is right");
    }
  });
}

function client(tested: TestedClient, pool: Pool): AnyClient {
  return new (tested.load().Client)(tested.onPool(pool));
}

function withoutOpaqueId(request: PoolRequest): PoolRequest {
  const headers = { ...(request.headers as Record<string, string>) };
  delete headers["x-opaque-id"];
  return { ...request, headers };
}

/** The adapter does not see the client's events, by which it ends the loop. */
function withRetries(tested: TestedClient, pool: Pool): AnyClient {
  const { Client, ...others } = tested.load();
  const options = tested.onPool(pool) as { ConnectionPool: new (given: object) => object; Transport?: unknown };
  if (tested.family === "classic") {
    options.Transport = (others as { readonly Transport?: unknown }).Transport;
    return new Client(options);
  }
  const { ConnectionPool } = options;
  options.ConnectionPool = class extends ConnectionPool {
    constructor(given: object) {
      super({ ...given, diagnostic: new EventEmitter() });
    }
  };
  return new Client(options);
}
