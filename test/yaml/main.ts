import { parseArgs } from "node:util";
import { type EngineName, startEngine } from "@rollcall/testing/engines";
import { testedClients } from "../clients/clients.js";
import { cleanEngine } from "./clean-engine.js";
import { compareSuite } from "./compare-suite.js";
import { readSuite } from "./parse-suite.js";
import { reportOf } from "./report.js";

/**
 * npm run test:yaml -- --suite DIR [--client es7|es8|es9|os2|os3] [--threads N] [--only TEXT]
 *
 * Runs the public YAML tests below DIR on the real engine of the client's version, by the client alone and on a pool.
 * Ends with 1 where a test's outcome or the status of a call differs. `--only`: files whose path has TEXT.
 */
const clients: Readonly<Record<string, { readonly name: string; readonly engine: EngineName }>> = {
  es7: { name: "elasticsearch 7", engine: "elasticsearch" },
  es8: { name: "elasticsearch 8", engine: "elasticsearch8" },
  es9: { name: "elasticsearch 9", engine: "elasticsearch9" },
  os2: { name: "opensearch 2", engine: "opensearch" },
  os3: { name: "opensearch 3", engine: "opensearch3" },
};

const { values } = parseArgs({
  options: {
    suite: { type: "string" },
    client: { type: "string", default: "es9" },
    threads: { type: "string", default: "0" },
    only: { type: "string", default: "" },
  },
});
const { suite, client, only } = values;
const threads = Number(values.threads);
const chosen = clients[client];
const tested = testedClients.find(({ name }) => name === chosen?.name);
if (suite === undefined || chosen === undefined || tested === undefined || !Number.isInteger(threads)) {
  console.error(`--suite DIR is needed; --client is one of ${Object.keys(clients).join(", ")}; --threads is a number`);
  process.exit(2);
}

const tests = (await readSuite(suite)).filter(({ file }) => file.includes(only));
await using engine = await startEngine({ kind: chosen.engine, nodes: 1, onProgress: console.log });
const [url = ""] = engine.urls;
const root = (await (await fetch(url)).json()) as { readonly version: { readonly number: string } };
let compared = 0;
const comparisons = await compareSuite({
  ...{ tests, tested, url, threads, engineVersion: root.version.number },
  clean: () => cleanEngine(url),
  onCompared({ kind, test }) {
    compared++;
    if (kind === "different") console.log(`different: ${test.file}, ${test.name}`);
    if (compared % 100 === 0) console.log(`${compared} of ${tests.length} tests`);
  },
});
console.log(`${tested.name}, ${threads} threads, ${chosen.engine} ${root.version.number}\n${reportOf(comparisons)}`);
process.exitCode = comparisons.some(({ kind }) => kind === "different") ? 1 : 0;
