import assert from "node:assert/strict";
import { it } from "node:test";
import type { ParsedSniff } from "@rollcall/core/sniff";
import { collectingLogger } from "@rollcall/testing";
import { ClusterLog } from "./cluster-log.js";

const node = { id: "id1", name: "n1", host: "es1", port: 9200 };

function opened() {
  const logger = collectingLogger();
  const recorded: string[] = [];
  const log = new ClusterLog(logger, { record: ({ event }) => recorded.push(event) });
  let seen = 0;
  const news = () => {
    const lines = logger.lines.slice(seen).filter((line) => !line.startsWith("debug"));
    seen = logger.lines.length;
    return lines;
  };
  return { log, news, recorded };
}

type Read = Extract<ParsedSniff, { readonly ok: true }>;
const skipped = { id: "id9", name: "n9", published: "es9:9200", reason: "the policy forbids it" };

function listOf(nodes: Read["nodes"], left: Read["skipped"] = []): Read {
  const rest = { published: new Map<string, string>(), complete: true, filterIgnored: false };
  return { ok: true, nodes, skipped: left, ...rest };
}

it("what a list warned of is over with the next that can be used: one line says so, and only after a warning", () => {
  const { log, news, recorded } = opened();
  log.listRead(listOf([node]));
  assert.deepEqual(news(), [], "nothing was wrong");
  const over = "info the list of nodes is used again";
  const warnings: readonly (() => void)[] = [
    () => log.listUnusable(node, "status 503"),
    () => log.listUnserved([node], 60_000),
    () => log.listRead(listOf([], [skipped])),
  ];
  for (const warn of warnings) {
    warn();
    warn();
    const lines = news();
    assert.match(lines.join(), /^warn (?:the list of nodes was not used|no list of nodes|no listed node)/);
    assert.equal(lines.length, 1);
    log.listRead(listOf([node]));
    log.listRead(listOf([node]));
    assert.deepEqual(news(), [over]);
  }
  log.listUnusable(node, "status 503");
  log.listRead(listOf([], [skipped]));
  assert.deepEqual(
    news().map((line) => line.slice(0, 24)),
    ["warn the list of nodes w", "warn no listed node can "],
    "another warning is no end",
  );
  log.listRead(listOf([node]));
  assert.deepEqual(news(), [over]);
  assert.deepEqual(recorded.slice(-3), ["list.unusable", "list.none-usable", "list.used"]);
});

it("a refused user, addresses that cannot be used, a list that is held and a lookup that fails have a line at their end", () => {
  const { log, news } = opened();
  const endings = [
    [() => log.listDenied(node), () => log.listRead(listOf([node])), "the cluster answers this user again"],
    [
      () => log.unverified(node, "connection refused", [node]),
      () => log.listedNodesInUse(),
      "the addresses that the cluster publishes can be used from here",
    ],
    [
      () => log.listHeld("3 of 4 nodes are missing"),
      () => log.listHeld(undefined),
      "no part of the list of nodes is held back any more",
    ],
    [() => log.lookupFailed("es1: ENOTFOUND"), () => log.lookedUp(), "the configured nodes are looked up again"],
  ] as const;
  for (const [begin, end, text] of endings) {
    end();
    assert.deepEqual(news(), []);
    begin();
    assert.match(news().join(), /^warn /);
    end();
    end();
    assert.deepEqual(news(), [`info ${text}`]);
  }
});
