// node main.js [--quick] [--profile] [BENCH…]: runs the benches named, or all but compare, clients-failover, overload,
// overload-real, hedging, hedging-real, thousand and messages. With --quick each runs briefly, to see that it works; its numbers mean
// nothing and are not kept. With --profile the hot path reports where its time goes, function by function; that is not
// kept either.
//
// failover: --fixture or --real for one kind of nodes, --rounds N, --threads N, --pause MS, and --only SCENARIO,…, of
// which nothing is kept. clients-failover: the last four too, with --only ENGINE,…. hedging, hedging-real, overload: --rounds
// N and --only SCENARIO,…, for the second --only ENGINE,… too. overload-real: --rounds N. compare: --before DIR, a built
// checkout, and --rounds N. thousand: --deploy SECONDS.
import { parseArgs } from "node:util";
import { clients } from "./clients/clients.js";
import { clientsFailover } from "./clients/clients-failover.js";
import { compare } from "./compare/compare.js";
import { compression } from "./compression/compression.js";
import { failover } from "./failover/failover.js";
import { fleet } from "./fleet/fleet.js";
import { floor } from "./floor/floor.js";
import { price } from "./floor/price.js";
import { hedging } from "./hedging/hedging.js";
import { hedgingReal } from "./hedging/hedging-real.js";
import { hotPath } from "./hot-path/hot-path.js";
import { installedSize } from "./installed-size.js";
import { messages } from "./messages/messages.js";
import { nodes } from "./nodes/nodes.js";
import { observed } from "./observed/observed.js";
import { overload } from "./overload/overload.js";
import { overloadReal } from "./overload/real.js";
import { type Report, writeReport } from "./report.js";
import { sealed } from "./sealed/sealed.js";
import { startBench } from "./start/start.js";
import { stream } from "./stream/stream.js";
import { thousand } from "./thousand/thousand.js";

const { values, positionals: named } = flags();
const { quick, profile, fixture, real, before } = values;
const only = values.only?.split(",");
const rounds = values.rounds === undefined ? {} : { rounds: wholeNumber("rounds", values.rounds, 1) };
const pause = values.pause === undefined ? {} : { pauseMs: wholeNumber("pause", values.pause, 1) };
const deploy = values.deploy === undefined ? {} : { deployMs: wholeNumber("deploy", values.deploy, 1) * 1_000 };
const threads = wholeNumber("threads", values.threads, 0);

const benches: Readonly<Record<string, () => Promise<Report>>> = {
  "hot-path": () => hotPath({ quick, profile }),
  floor: () => floor({ quick }),
  price: () => price({ quick }),
  failover: () =>
    failover({ quick, fixture, real, threads, ...rounds, ...pause, ...(only === undefined ? {} : { only }) }),
  clients: () => clients({ quick }),
  "clients-failover": () =>
    clientsFailover({ quick, threads, ...rounds, ...pause, ...(only === undefined ? {} : { only }) }),
  fleet: () => fleet({ quick }),
  thousand: () => thousand({ quick, ...deploy }),
  start: () => startBench({ quick }),
  stream: () => stream({ quick }),
  compression: () => compression({ quick }),
  observed: () => observed({ quick }),
  overload: () => overload({ quick, ...rounds, ...(only === undefined ? {} : { only }) }),
  "overload-real": () => overloadReal({ quick, ...rounds }),
  hedging: () => hedging({ quick, ...rounds, ...(only === undefined ? {} : { only }) }),
  "hedging-real": () => hedgingReal({ quick, ...rounds, ...(only === undefined ? {} : { only }) }),
  messages: () => messages({ quick }),
  sealed: () => sealed({ quick }),
  nodes: () => nodes({ quick }),
  size: () => installedSize(),
  compare: () =>
    compare({ quick, before: before ?? "", ...(rounds.rounds === undefined ? {} : { blocks: rounds.rounds }) }),
};

/** They take long, or need more than this repository. */
const onlyWhenNamed: ReadonlySet<string> = new Set([
  "compare",
  "clients-failover",
  "overload",
  "overload-real",
  "hedging",
  "hedging-real",
  "thousand",
  "messages",
]);

const chosen = profile && named.length === 0 ? ["hot-path"] : named;
const unknown = chosen.filter((name) => benches[name] === undefined);
if (unknown.length > 0) refuse(`no bench "${unknown.join('", "')}"; there are ${Object.keys(benches).join(", ")}`);
if (chosen.includes("compare") && before === undefined) refuse("compare needs --before DIR, a built checkout");

for (const [name, bench] of Object.entries(benches)) {
  if (chosen.length > 0 ? !chosen.includes(name) : onlyWhenNamed.has(name)) continue;
  console.log(`\n== ${name}${quick ? " (quick: the numbers mean nothing)" : ""}`);
  const report = await bench();
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
        rounds: { type: "string" },
        threads: { type: "string", default: "1" },
        pause: { type: "string" },
        deploy: { type: "string" },
        only: { type: "string" },
        before: { type: "string" },
      },
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/\. To specify.*/, "") : String(error);
    return refuse(`${reason}; bench/README.md lists the flags`);
  }
}

function wholeNumber(flag: string, text: string, least: number): number {
  const value = Number(text);
  return Number.isInteger(value) && value >= least
    ? value
    : refuse(`--${flag} must be a whole number, ${least} or more`);
}

function refuse(message: string): never {
  console.error(message);
  process.exit(2);
}
