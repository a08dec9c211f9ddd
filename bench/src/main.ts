// node main.js [--quick] [--profile] [BENCH…]: runs the benches named, or all of them. With --quick each runs briefly, to
// see that it works; its numbers mean nothing and are not kept. With --profile the hot path tells where its time goes,
// function by function, instead of how much it is; that is not kept either.
import { fleet } from "./fleet.js";
import { hotPath } from "./hot-path.js";
import { installedSize } from "./installed-size.js";
import { killedNode } from "./killed-node.js";
import { type Report, writeReport } from "./report.js";

const benches: Readonly<
  Record<string, (extent: { readonly quick: boolean; readonly profile: boolean }) => Promise<Report>>
> = {
  "hot-path": hotPath,
  fleet,
  "killed-node": killedNode,
  size: installedSize,
};

const words = process.argv.slice(2);
const quick = words.includes("--quick");
const profile = words.includes("--profile");
const named = words.filter((word) => word !== "--quick" && word !== "--profile");
const chosen = profile && named.length === 0 ? ["hot-path"] : named;
const unknown = chosen.filter((word) => benches[word] === undefined);
if (unknown.length > 0) {
  console.error(`no bench "${unknown.join('", "')}"; there are ${Object.keys(benches).join(", ")}`);
  process.exit(2);
}

for (const [name, bench] of Object.entries(benches)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  console.log(`\n== ${name}${quick ? " (quick: the numbers mean nothing)" : ""}`);
  const report = await bench({ quick, profile });
  console.log(`\n${report.body}`);
  if (!quick && !profile) console.log(`written to ${await writeReport(name, report)}`);
}
