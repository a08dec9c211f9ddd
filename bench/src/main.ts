// node main.js [--quick] [--profile] [BENCH…]: runs the benches named, or all of them. With --quick each runs briefly, to
// see that it works; its numbers mean nothing and are not kept. With --profile the hot path tells where its time goes,
// function by function, instead of how much it is; that is not kept either.
//
// Of failover alone: --fixture or --real for one kind of nodes, --rounds N, --threads N, --pause MS, and
// --only SCENARIO,…, of which nothing is kept either.
import { parseArgs } from "node:util";
import { type FailoverOptions, failover } from "./failover/failover.js";
import { fleet } from "./fleet/fleet.js";
import { hotPath } from "./hot-path/hot-path.js";
import { installedSize } from "./installed-size.js";
import { type Report, writeReport } from "./report.js";

const benches: Readonly<Record<string, (options: FailoverOptions & { readonly profile: boolean }) => Promise<Report>>> =
  {
    "hot-path": hotPath,
    failover,
    fleet,
    size: installedSize,
  };

const { values, positionals: named } = flags();
const { quick, profile, fixture, real } = values;
const chosen = profile && named.length === 0 ? ["hot-path"] : named;
const only = values.only?.split(",");
const options = {
  quick,
  profile,
  fixture,
  real,
  rounds: wholeNumber("rounds", values.rounds, 1),
  threads: wholeNumber("threads", values.threads, 0),
  ...(values.pause === undefined ? {} : { pauseMs: wholeNumber("pause", values.pause, 1) }),
  ...(only === undefined ? {} : { only }),
};
const unknown = chosen.filter((word) => benches[word] === undefined);
if (unknown.length > 0) {
  console.error(`no bench "${unknown.join('", "')}"; there are ${Object.keys(benches).join(", ")}`);
  process.exit(2);
}

for (const [name, bench] of Object.entries(benches)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  console.log(`\n== ${name}${quick ? " (quick: the numbers mean nothing)" : ""}`);
  const report = await bench(options);
  console.log(`\n${report.body}`);
  if (!quick && !profile && only === undefined) console.log(`written to ${await writeReport(name, report)}`);
}

function flags() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        quick: { type: "boolean", default: false },
        profile: { type: "boolean", default: false },
        fixture: { type: "boolean", default: false },
        real: { type: "boolean", default: false },
        rounds: { type: "string", default: "1" },
        threads: { type: "string", default: "1" },
        pause: { type: "string" },
        only: { type: "string" },
      },
    });
  } catch (error) {
    console.error(
      `${error instanceof Error ? error.message.replace(/\. To specify.*/, "") : error}; bench/README.md lists the flags`,
    );
    process.exit(2);
  }
}

function wholeNumber(flag: string, text: string, least: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least) return value;
  console.error(`--${flag} must be a whole number, ${least} or more`);
  process.exit(2);
}
