import { spawnSync } from "node:child_process";
import { basename, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { helperTests, installTestPackages } from "./test-packages.js";

/**
 * npm run test:client-helpers -- --tests DIR [--client es7|es8|es9|os2|os3] [--only TEXT]
 *
 * Runs a client's own tests of its helpers, as they are in DIR, a checkout of the client's repository, with the installed
 * client on a pool. Their packages are installed once into `.cache`. Ends with 1 where one fails.
 */
const clients: Readonly<Record<string, { readonly name: string; readonly module: string }>> = {
  es7: { name: "elasticsearch 7", module: "@elastic/elasticsearch" },
  es8: { name: "elasticsearch 8", module: "es8" },
  es9: { name: "elasticsearch 9", module: "es9" },
  os2: { name: "opensearch 2", module: "os2" },
  os3: { name: "opensearch 3", module: "@opensearch-project/opensearch" },
};

const { values } = parseArgs({
  options: {
    tests: { type: "string" },
    client: { type: "string", default: "es9" },
    only: { type: "string", default: "" },
  },
});
const chosen = clients[values.client];
if (values.tests === undefined || chosen === undefined) {
  console.error(
    `--tests DIR is needed, a checkout of the client's repository; --client is one of ${Object.keys(clients)}`,
  );
  process.exit(2);
}

/** A file of theirs takes seconds. */
const fileMs = 180_000;
const repository = resolve(values.tests);
const packages = fileURLToPath(new URL(`../../../.cache/client-helpers/${values.client}`, import.meta.url));
const program = fileURLToPath(new URL("run-file.js", import.meta.url));
installTestPackages(repository, packages);
let failed = 0;
for (const file of helperTests(repository).filter((one) => one.includes(values.only))) {
  const given = [program, chosen.name, chosen.module, repository, packages, file];
  // Their runner would end a file after 30 s.
  const env = { ...process.env, TAP_TIMEOUT: String(fileMs / 1_000) };
  const { status, stdout, stderr } = spawnSync(process.execPath, given, { encoding: "utf8", timeout: fileMs, env });
  // Checks have no times; tests have, and those around others are among them.
  const tests = stdout.split("\n").filter((line) => /^\s*(?:not )?ok \d+ .*# time=/.test(line));
  const bad = tests.filter((line) => /^\s*not ok/.test(line));
  const isWell = status === 0 && tests.length > 0;
  if (!isWell) failed++;
  console.log(`${isWell ? "✔" : "✖"} ${basename(file)}: ${tests.length - bad.length} passed, ${bad.length} failed`);
  if (!isWell) console.log(stdout + stderr);
}
process.exitCode = failed === 0 ? 0 : 1;
