import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import fc from "fast-check";
import { classTable } from "./classes.js";
import { classify, type RequestClass } from "./classify.js";

interface Fact {
  readonly method: string;
  readonly template: string;
  readonly class: RequestClass;
}

// Built tests run from dist; the table stays in src.
const facts = readFacts(new URL("../../src/request/testdata/rest-paths.txt", import.meta.url));

const concrete = ["logs-2024.01", ".kibana", "a%20b"];
const selecting = ["a,b", "a*", "%3Clogs-%7Bnow%2Fd%7D%3E", "_all"];

describe("classify: the engines' specifications", () => {
  it("every request of the specifications has the class that the table of facts gives it", () => {
    for (const { method, template, class: own } of facts) {
      for (const sample of [...concrete, ...selecting]) {
        const path = fill(template, () => sample);
        // A Repeatable is one only if it names one thing.
        const selects = own === "repeatable" && template.includes("{") && selecting.includes(sample);
        assert.equal(classify(method, path).class, selects ? "never" : own, `${method} ${path}`);
      }
    }
  });

  it("every listed request is in the table of facts with the same class", () => {
    const known = new Set(facts.map((fact) => `${fact.class} ${fact.method} ${fact.template}`));
    const strangers = listed().filter(({ method, template, class: own }) => !known.has(`${own} ${method} ${template}`));
    assert.deepEqual(strangers, []);
  });

  it("the table of facts has one sorted line for each request", () => {
    const lines = facts.map(({ method, template }) => `${template} ${method}`);
    assert.ok(facts.length > 1_650);
    assert.deepEqual(lines, [...new Set(lines)].sort());
    for (const fact of facts) assert.match(fact.class, /^(?:read|repeatable|never)$/);
  });

  it("a classification names the listed template", () => {
    for (const { method, template, class: own } of facts) {
      if (own !== "never")
        assert.equal(
          classify(
            method,
            fill(template, () => "x"),
          ).template,
          template,
        );
    }
  });

  it("a Never stays Never if its values look like a listed path", () => {
    const mayRepeat = listed().filter((entry) => entry.class !== "never");
    let collisions = 0;
    for (const never of facts.filter((fact) => fact.class === "never")) {
      for (const other of mayRepeat) {
        const path = other.method === never.method ? meeting(never.template, other.template) : undefined;
        if (path === undefined || wordWins(other.template, never.template)) continue;
        collisions += 1;
        assert.equal(classify(never.method, path).class, "never", `${never.method} ${path} is ${never.template}`);
      }
    }
    assert.ok(collisions > 50);
  });
});

describe("classify", () => {
  const cases: readonly (readonly [string, string, RequestClass])[] = [
    ["GET", "/", "read"],
    ["POST", "/logs/_search?size=10", "read"],
    ["POST", "/_msearch?", "read"],
    ["GET", "/_nodes/_local/http", "read"],
    ["GET", "/logs/_doc/a%2Fb", "read"],
    ["GET", "/cluster:logs/_search", "read"],
    // What has come since 7.17, and plugins.
    ["POST", "/_query", "read"],
    ["POST", "/_query/async", "never"],
    ["GET", "/_query/async/a1", "never"],
    ["POST", "/logs/_pit?keep_alive=1m", "never"],
    ["POST", "/_application/search_application/shop/_search", "read"],
    ["POST", "/_query_rules/rules/_test", "read"],
    ["POST", "/_security/user/_has_privileges", "read"],
    ["POST", "/_inference/text_embedding/e5", "never"],
    ["GET", "/_synonyms/words", "read"],
    ["PUT", "/_synonyms/words", "never"],
    ["GET", "/_data_stream/logs", "read"],
    ["GET", "/_connector/c1", "read"],
    ["POST", "/_plugins/_knn/models/_search", "read"],
    ["POST", "/_plugins/_ml/models/_search", "read"],
    ["POST", "/_plugins/_ml/models/m1/_predict", "never"],
    ["POST", "/_plugins/_sql", "never"],
    ["POST", "/_plugins/_asynchronous_search", "never"],
    ["GET", "/_plugins/_alerting/monitors/m1", "read"],
    ["PUT", "/logs/_doc/1?refresh=true&routing=a", "repeatable"],
    // Conditions make a second try answer differently.
    ["PUT", "/logs/_doc/1?op_type=create", "never"],
    ["PUT", "/logs/_doc/1?refresh&if_seq_no=3&if_primary_term=1", "never"],
    ["PUT", "/logs/_doc/1?if_primary_term=1", "never"],
    ["PUT", "/logs/_doc/1?version=4", "never"],
    ["PUT", "/logs/_doc/1?version_type=external", "never"],
    ["PUT", "/logs/_doc/1?a=b;op_type=create", "never"],
    ["PUT", "/logs/_doc/1?op%5Ftype=create", "never"],
    ["PUT", "/logs/_doc/1?%zz=1", "never"],
    ["PUT", "/_index_template/t?create=true", "never"],
    ["GET", "/logs/_eql/search?keep_on_completion=true", "never"],
    ["GET", "/logs/_eql/search?wait_for_completion_timeout=1s", "never"],
    ["PUT", "/logs/_doc/a%20b", "repeatable"],
    // The engine, or a second decoding, may make something else of it at each attempt.
    ["PUT", "/%3Clogs-%7Bnow%2Fd%7D%3E/_doc/1", "never"],
    ["PUT", "/<logs-{now}>/_doc/1", "never"],
    ["PUT", "/%3clogs%3e/_doc/1", "never"],
    ["PUT", "/%253Clogs%253E/_doc/1", "never"],
    ["PUT", "/logs/_doc/1%3Fop_type=create", "never"],
    ["PUT", "/logs/_doc/1%23a", "never"],
    ["PUT", "/logs/_doc/1%2525", "never"],
    ["PUT", "/logs/_doc/a%2F_update", "never"],
    ["PUT", "/logs/_DOC/1", "never"],
    ["GET", "/logs/_doc/1%3Fa", "read"],
    // The engine's own words are never a caller's value.
    ["PUT", "/logs/_doc/_bulk", "never"],
    ["PUT", "/logs/_doc/%5Fbulk", "never"],
    ["GET", "/logs/_doc/_search", "never"],
    ["GET", "/_unheard_of", "never"],
    ["GET", "/%5Fbulk", "never"],
    ["GET", "/%5Fsearch", "never"],
    ["GET", "/_plugins/_knn/warmup/stats", "never"],
    ["GET", "/_all,_x", "never"],
    // What another reader might read in another way.
    ["GET", "", "never"],
    ["GET", "logs/_search", "never"],
    ["GET", "http://h/_search", "never"],
    ["GET", "//_search", "never"],
    ["GET", "/logs//_search", "never"],
    ["GET", "/_search/", "never"],
    ["GET", "/logs/", "never"],
    ["GET", "/.", "never"],
    ["GET", "/../_search", "never"],
    ["GET", "/logs/_doc/..", "never"],
    ["GET", "/logs/_doc/%2e%2E", "never"],
    ["GET", "/logs/_doc/a%2F..%2F_bulk", "never"],
    ["GET", "/logs/_doc/a%5C..%5Cb", "never"],
    ["GET", "/logs/_doc/a\\b", "never"],
    ["GET", "/logs/_doc/a#b", "never"],
    ["GET", "/logs/_doc/a b", "never"],
    ["GET", "/logs/_doc/%", "never"],
    ["GET", "/logs/_doc/%c3", "never"],
    ["GET", "/logs/_doc/%00", "never"],
    ["GET", "/logs/_doc/é", "never"],
    ["GET", "/logs/_searching", "never"],
    ["GET", "/logs/_search/more", "never"],
    // Methods are exact.
    ["get", "/", "never"],
    ["DELETE", "/logs/_doc/1", "never"],
    ["constructor", "/", "never"],
  ];
  for (const [method, path, expected] of cases) {
    it(`${method} ${JSON.stringify(path)} is ${expected}`, () => {
      assert.equal(classify(method, path).class, expected);
    });
  }

  it("a Read is reroutable unless it opens a scroll", () => {
    assert.equal(classify("POST", "/logs/_search").reroutable, true);
    assert.deepEqual(classify("POST", "/logs/_search?scroll=1m"), {
      class: "read",
      reroutable: false,
      template: "/{index}/_search",
      kind: "POST /{index}/_search",
    });
    assert.equal(classify("GET", "/_search?size=1&scr%6Fll=1m").reroutable, false);
    assert.equal(classify("POST", "/_search/template?scroll=1m").reroutable, false);
    assert.equal(classify("PUT", "/logs/_doc/1").reroutable, false);
    assert.equal(classify("POST", "/_bulk").reroutable, false);
  });

  it("a path with a class matches its template segment by segment", () => {
    const words = [
      "",
      ".",
      "..",
      "_search",
      "_doc",
      "_bulk",
      "_all",
      "logs",
      "%5Fbulk",
      "a%2Fb",
      "%",
      "scroll",
      "stats",
    ];
    const segment = fc.oneof(fc.constantFrom(...words), fc.string({ maxLength: 6 }));
    const method = fc.constantFrom("GET", "HEAD", "POST", "PUT", "DELETE");
    fc.assert(
      fc.property(method, fc.array(segment, { maxLength: 5 }), (anyMethod, segments) => {
        const path = `/${segments.join("/")}`;
        const { class: own, template } = classify(anyMethod, path);
        if (own === "never") return;
        assert.ok(template !== undefined);
        const pattern = template.replace(/[.]/g, "\\.").replace(/\{\w+\}/g, "(?!_(?!all$|all/))[^/?#\\\\]+");
        assert.match(path.replace(/\?.*$/s, ""), new RegExp(`^${pattern}$`));
      }),
      { numRuns: 2_000 },
    );
  });
});

function readFacts(file: URL): readonly Fact[] {
  const lines = readFileSync(file, "utf8").split("\n");
  return lines.filter((line) => line !== "" && !line.startsWith("#")).map(parseFact);
}

function parseFact(line: string): Fact {
  const [method, template, own] = line.split(/\s+/);
  assert.ok(method && template && (own === "read" || own === "repeatable" || own === "never"), line);
  return { method, template, class: own };
}

function listed(): readonly Fact[] {
  return (["read", "repeatable", "never"] as const).flatMap((own) =>
    Object.entries(classTable[own]).flatMap(([method, paths]) =>
      paths
        .trim()
        .split(/\s+/)
        .map((template) => ({ method, template, class: own })),
    ),
  );
}

function fill(template: string, value: (name: string) => string): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => value(name));
}

/** A path that both templates match, if there is one. */
function meeting(one: string, other: string): string | undefined {
  const right = other.split("/");
  const left = one.split("/");
  if (left.length !== right.length) return undefined;
  const path = left.map((word, at) => {
    const facing = right[at] ?? "";
    if (!word.startsWith("{")) return word === facing || facing.startsWith("{") ? word : undefined;
    return facing.startsWith("{") ? "x" : facing;
  });
  return path.includes(undefined) ? undefined : path.join("/");
}

/** Whether the engines take `one` where both match: at the first difference it has a word, the other a placeholder. */
function wordWins(one: string, other: string): boolean {
  const right = other.split("/");
  const at = one.split("/").findIndex((word, i) => word.startsWith("{") !== right[i]?.startsWith("{"));
  return at !== -1 && !one.split("/")[at]?.startsWith("{");
}
