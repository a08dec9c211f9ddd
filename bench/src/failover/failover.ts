import { cpus } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { engineAvailability } from "@rollcall/testing/engines";
import { startRedis } from "@rollcall/testing/redis";
import { datedName, type Report } from "../report.js";
import { throughputChart } from "./chart.js";
import { type ClientSettings, type Contender, contenders, sniffEveryMs, timeoutMs } from "./client.js";
import { callsOf, type Episode, type Figures, figuresOf, fullShare, slowCallMs } from "./figures.js";
import { type Fleet, startFleet } from "./fleet.js";
import { perSecond, type Result, resultsTable } from "./results.js";
import { noticeMs, type Pace, type Scenario, type StageTale, scenarios, sniffWindowMs } from "./scenarios.js";
import { fixtureSearches, type Stage, startEngineStage, startFixtureStage } from "./stage.js";

export interface FailoverOptions {
  /** One short round. */
  readonly quick: boolean;
  /** Only on fixture nodes. */
  readonly fixture?: boolean;
  /** Only on real nodes. */
  readonly real?: boolean;
  /** Names of the scenarios to play. Default: all. */
  readonly only?: readonly string[];
  /** Default 1, which is some twelve minutes. */
  readonly rounds?: number;
  /** Worker threads in each of Rollcall's processes. Default 1. */
  readonly threads?: number;
  /** A slot pauses so long between two searches. Default: so long that two cores hold it. */
  readonly pauseMs?: number;
}

const processes = 4;
const slots = 16;

const fullPace: Pace = {
  warmUpMs: 3_000,
  healthyMs: 5_000,
  outageMs: 15_000,
  grayMs: 12_000,
  coldMs: 30_000,
  downMs: 4_000,
  betweenMs: 2_000,
  startMs: 300,
  afterOutageMs: 36_000,
  afterGrayMs: 20_000,
};
/** Real nodes take their own time to start and to join. */
const realPace: Pace = { ...fullPace, downMs: 1_000, startMs: 8_000, afterOutageMs: 14_000 };
const quickPace: Pace = {
  warmUpMs: 1_000,
  healthyMs: 2_000,
  outageMs: 6_000,
  grayMs: 7_000,
  coldMs: 7_000,
  downMs: 2_000,
  betweenMs: 1_000,
  startMs: 300,
  afterOutageMs: 4_000,
  afterGrayMs: 4_000,
};

/** Where scenarios are played: clusters that stand side by side, and who is a guest of which. */
interface Theatre {
  readonly name: "fixture" | "real";
  readonly title: string;
  readonly pauseMs: number;
  readonly pace: Pace;
  readonly scenarios: readonly Scenario[];
  /** For the plan: what comes before the first scenario, and before each. */
  readonly openingMs: number;
  readonly settingMs: number;
  /** Clusters are made anew for each scenario, or used for all. */
  readonly open: () => Promise<House>;
}

interface House extends AsyncDisposable {
  seats(): Promise<readonly Seat[]>;
  leave(seats: readonly Seat[]): Promise<void>;
}

/** One contender at one cluster. */
interface Seat {
  readonly label: string;
  readonly contender: Contender;
  readonly stage: Stage;
}

const names = {
  rollcall: "Rollcall",
  elasticsearch: "@elastic/elasticsearch",
  opensearch: "@opensearch-project/opensearch",
} as const satisfies Record<Contender, string>;

/**
 * What callers see when nodes freeze, die, turn gray and are restarted in turn. Everybody plays at the same time, so that
 * what else the machine does happens to all.
 */
export async function failover(options: FailoverOptions): Promise<Report> {
  const { threads = 1 } = options;
  const rounds = options.quick ? 1 : (options.rounds ?? 1);
  const theatres = await openTheatres(options);
  const redis = await startRedis().catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  try {
    printPlan(theatres, rounds);
    const sections: string[] = [];
    const attachments = new Map<string, string>();
    for (const theatre of theatres) {
      await using house = await theatre.open();
      const played = new Map<Scenario, Round[]>(theatre.scenarios.map((scenario) => [scenario, []]));
      // Rounds apart from each other: an unquiet minute of the machine's spoils one round of a scenario, not all.
      for (let round = 0; round < rounds; round++) {
        for (const [scenario, earlier] of played) {
          console.log(`${clock()} ${theatre.name} ${scenario.name}, round ${round + 1}`);
          const view = redis && { redis: redis.url, name: `${theatre.name}-${scenario.name}-${round}` };
          const setting = { theatre, scenario, round, threads, ...(view === undefined ? {} : { view }) };
          const one = await playRound(house, setting);
          earlier.push(one);
          console.log(`\n${saidOfProcessors([one])}\n\n${tableOf(scenario, [one])}`);
        }
      }
      for (const [scenario, all] of played) {
        const chartName = `${scenario.name}${theatre.name === "real" ? "-real" : ""}.svg`;
        const { text, chart } = sectionOf(theatre, scenario, all, datedName(`failover-${chartName}`));
        sections.push(text);
        attachments.set(chartName, chart);
      }
    }
    const shared =
      redis === undefined
        ? "redis-server was not found: each of Rollcall's processes watches the cluster for itself."
        : "Rollcall's processes share one Redis, and each may lead.";
    return {
      title: "Failover",
      body: `${introduction(theatres, { rounds, threads, shared })}\n${sections.join("\n")}`,
      attachments,
    };
  } finally {
    await redis?.close();
  }
}

async function openTheatres({ quick, fixture, real, only, pauseMs }: FailoverOptions): Promise<readonly Theatre[]> {
  const unknown = only?.filter((name) => !scenarios.some((one) => one.name === name)) ?? [];
  if (unknown.length > 0) {
    throw new Error(`no scenario ${unknown.join(", ")}; there are ${scenarios.map(({ name }) => name).join(", ")}`);
  }
  const chosen = scenarios.filter(({ name }) => only?.includes(name) ?? true);
  const onReal = chosen.filter(({ realNodes }) => realNodes);
  const engines = await engineAvailability();
  const theatres: Theatre[] = [];
  if (real !== true) {
    theatres.push({
      name: "fixture",
      title: "fixture nodes",
      pauseMs: pauseMs ?? 200,
      pace: quick ? quickPace : fullPace,
      scenarios: chosen,
      openingMs: 0,
      settingMs: 5_000,
      open: openFixtureHouse,
    });
  }
  if (fixture !== true && onReal.length > 0) {
    if (engines.available) {
      theatres.push({
        name: "real",
        title: "Elasticsearch 7.17 and OpenSearch 2.19",
        pauseMs: pauseMs ?? 300,
        pace: quick ? { ...quickPace, startMs: realPace.startMs } : realPace,
        scenarios: onReal,
        openingMs: 45_000,
        settingMs: 6_000,
        open: openRealHouse,
      });
    } else {
      const missing = engines.missing.join(" and ");
      if (real === true) throw new Error(`real nodes need ${missing}; install with: ${engines.hint}`);
      console.log(`No real nodes: they need ${missing}.`);
    }
  }
  return theatres;
}

/** A cluster of its own for each contender, new for each scenario. */
async function openFixtureHouse(): Promise<House> {
  return {
    seats: () =>
      Promise.all(
        contenders.map(async (contender) => {
          const stage = await startFixtureStage(contender === "elasticsearch" ? "elasticsearch" : "opensearch");
          return { label: names[contender], contender, stage };
        }),
      ),
    async leave(seats) {
      await Promise.all(seats.map(({ stage }) => stage[Symbol.asyncDispose]()));
    },
    async [Symbol.asyncDispose]() {},
  };
}

/** Two clusters, each shared by its official client and Rollcall, the same for all scenarios. */
async function openRealHouse(): Promise<House> {
  const stages: { readonly kind: "elasticsearch" | "opensearch"; readonly stage: Stage }[] = [];
  const close = async () => {
    await Promise.all(stages.map(({ stage }) => stage[Symbol.asyncDispose]()));
  };
  try {
    // One after the other: six JVMs that start at once take two cores longer than three and three.
    for (const kind of ["elasticsearch", "opensearch"] as const) {
      stages.push({ kind, stage: await startEngineStage(kind) });
    }
  } catch (error) {
    await close();
    throw error;
  }
  return {
    async seats() {
      await Promise.all(stages.map(({ stage }) => stage.untilGreen()));
      return stages.flatMap(({ kind, stage }): Seat[] => {
        const engine = kind === "elasticsearch" ? "Elasticsearch" : "OpenSearch";
        return [
          { label: `Rollcall on ${engine}`, contender: "rollcall", stage },
          { label: names[kind], contender: kind, stage },
        ];
      });
    },
    leave: async () => {},
    [Symbol.asyncDispose]: close,
  };
}

interface Setting {
  readonly theatre: Theatre;
  readonly scenario: Scenario;
  readonly round: number;
  readonly threads: number;
  readonly view?: { readonly redis: string; readonly name: string };
}

/** What one round came to. */
interface Round {
  /** The part of the processors' time that was used in the healthy seconds, by whomever. */
  readonly busy: number;
  /** In the order of the seats. */
  readonly played: readonly Played[];
}

/** One contender's part of it. */
interface Played {
  readonly label: string;
  readonly figures: Figures;
  readonly healthyFromMs: number;
  readonly episodes: readonly Episode[];
}

/** Everybody at once; who starts first changes from round to round. */
async function playRound(house: House, setting: Setting): Promise<Round> {
  const { theatre, scenario, round } = setting;
  const { pace } = theatre;
  const seats = await house.seats();
  const turned = [...seats.slice(round % seats.length), ...seats.slice(0, round % seats.length)];
  const fleets = new Map<Seat, Fleet>();
  try {
    await Promise.all(turned.map(async (seat) => fleets.set(seat, await startFleet(fleetOf(seat, setting)))));
    for (const fleet of fleets.values()) fleet.go();
    await sleep(pace.warmUpMs);
    const healthyFromMs = Date.now();
    const before = processorTimes();
    await sleep(pace.healthyMs);
    const busy = busyPart(before, processorTimes());
    const plays = new Map<Stage, Promise<StageTale>>();
    for (const { stage } of turned) if (!plays.has(stage)) plays.set(stage, scenario.play(stage, pace));
    await Promise.all(plays.values());
    await sleep(scenario.kind === "outage" ? pace.afterOutageMs : pace.afterGrayMs);
    const endedAtMs = Date.now();
    const played = await Promise.all(
      seats.map(async (seat): Promise<Played> => {
        const tales = (await fleets.get(seat)?.finish()) ?? [];
        const tale = await plays.get(seat.stage);
        if (tale === undefined) throw new Error(`nothing was played for ${seat.label}`);
        const figures = figuresOf(
          {
            ...tale,
            calls: callsOf(tales),
            healthyFromMs,
            endedAtMs,
            nodes: seat.stage.nodes.length,
            noticeMs,
            ...(seat.contender === "rollcall" ? { changes: tales.map(({ changes }) => changes) } : {}),
          },
          scenario.kind,
        );
        return { label: seat.label, figures, healthyFromMs, episodes: tale.episodes };
      }),
    );
    return { busy, played };
  } finally {
    await Promise.all([...fleets.values()].map((fleet) => fleet[Symbol.asyncDispose]()));
    await house.leave(seats);
  }
}

/** Four processes under load; and of Rollcall, whose processes tell each other, one that has nothing to do. */
function fleetOf({ label, contender, stage }: Seat, { theatre, threads, view }: Setting): ClientSettings[] {
  const one: ClientSettings = {
    contender,
    urls: stage.urls,
    slots,
    pauseMs: theatre.pauseMs,
    threads,
    ...(view === undefined ? {} : { shared: { ...view, name: `${view.name}-${label.replaceAll(" ", "-")}` } }),
  };
  const loaded = Array.from({ length: processes }, () => one);
  return contender === "rollcall" ? [...loaded, { ...one, slots: 0 }] : loaded;
}

function resultsOf(rounds: readonly Round[]): Result[] {
  const seats = rounds[0]?.played ?? [];
  return seats.map(({ label }, seat) => ({
    label,
    rounds: rounds.flatMap(({ played }) => played[seat]?.figures ?? []),
  }));
}

function tableOf({ kind, targets }: Scenario, rounds: readonly Round[]): string {
  return resultsTable(kind, resultsOf(rounds), targets);
}

function sectionOf(
  theatre: Theatre,
  scenario: Scenario,
  rounds: readonly Round[],
  chartFile: string,
): { text: string; chart: string } {
  const first = rounds[0]?.played ?? [];
  const title = `${scenario.title}, ${theatre.title}`;
  // All stages have the same faults; where real nodes take different times to come back, the longest is shown.
  const faults = first
    .toSorted((a, b) => lastOf(b.episodes) - lastOf(a.episodes))
    .slice(0, 1)
    .flatMap(({ episodes, healthyFromMs }) =>
      episodes.map(({ faultAtMs, backAtMs }) => ({
        fromSecond: (faultAtMs - healthyFromMs) / 1_000,
        toSecond: (backAtMs - healthyFromMs) / 1_000,
      })),
    );
  const chart = throughputChart({
    title,
    unit: "answers a second",
    lines: resultsOf(rounds).map(({ label, rounds: figures }) => ({ label, perSecond: perSecond(figures) })),
    faults,
  });
  const text =
    `## ${title}\n\n${scenario.story(theatre.pace)} ${saidOfProcessors(rounds)}\n\n` +
    `${tableOf(scenario, rounds)}\n![${title}: answers a second](${chartFile})\n`;
  return { text, chart };
}

const lastOf = (episodes: readonly Episode[]) => episodes.at(-1)?.backAtMs ?? 0;

interface Circumstances {
  readonly rounds: number;
  readonly threads: number;
  readonly shared: string;
}

function introduction(theatres: readonly Theatre[], { rounds, threads, shared }: Circumstances): string {
  const pauses = theatres.map(({ title, pauseMs }) => `${pauseMs} ms on ${title}`).join(", ");
  const seconds = (ms: number) => `${ms / 1_000} s`;
  return [
    `${processes} processes of each client, ${slots} slots in each: a slot searches, pauses (${pauses}), and searches again. ` +
      "Three nodes. On fixture nodes, small processes that answer as search nodes do, each client has a cluster of its own, and " +
      `${fixtureSearches}; on real nodes, one JVM each, it shares one with Rollcall. All run at the same time, and all nodes are ` +
      `hurt at the same moment. ${rounds} ${rounds === 1 ? "round" : "rounds; who starts first changes, and figures are medians, but errors sums"}.`,
    `All clients know all three nodes, give a request ${seconds(timeoutMs)} and ask for the list of nodes every ${seconds(sniffEveryMs)}; the official ` +
      `ones also at the start and when a connection fails. Rollcall sends from ${threads} worker ${threads === 1 ? "thread" : "threads"} in each process. ${shared}`,
    [
      "- *errors*: calls without an answer of status 200",
      "- *slowest call*: of those that touch the fault",
      "- *worst second*: answers in the worst whole second of the fault, in % of the healthy mean",
      `- *sniffs*: requests for the list of nodes that the nodes have counted in the ${seconds(sniffWindowMs)} from the fault`,
      `- *last failed or slow call*: from the fault to the end of the last call that failed or took longer than ${seconds(slowCallMs)}; 0 where there was none`,
      "- *all informed*: from the fault until the last of Rollcall's processes, one of which sends nothing, says that it avoids the node",
      "- *first use*: from when the node answers again to the first answer of a call begun since; of several nodes the slowest",
      `- *full share*: from then until the node has ${fullShare.outage * 100} % of its fair share of the answers for two seconds; after a gray node's recovery ${fullShare.gray * 100} %. "not seen": not before the end`,
      `- *p99*: of the calls that touch the time from ${seconds(noticeMs)} after the onset to the end of the sickness, over that of the healthy seconds`,
      "- *share of the sick node*: its part of the searches that reach any node in the same time",
    ].join("\n"),
    "",
  ].join("\n\n");
}

function printPlan(theatres: readonly Theatre[], rounds: number): void {
  let sumMs = 0;
  for (const { name, scenarios: played, pace, openingMs, settingMs } of theatres) {
    sumMs += openingMs;
    for (const scenario of played) {
      const oneMs = settingMs + pace.warmUpMs + pace.healthyMs + scenario.expectedMs(pace);
      console.log(`  ${name} ${scenario.name}: ${rounds} x ${Math.round(oneMs / 1_000)} s`);
      sumMs += rounds * oneMs;
    }
  }
  console.log(`  about ${(sumMs / 60_000).toFixed(1)} minutes`);
}

/** A client that must wait for a processor says nothing of itself. */
const busyMax = 0.85;

function saidOfProcessors(rounds: readonly Round[]): string {
  const parts = rounds.map(({ busy }) => (busy * 100).toFixed(0)).join(", ");
  const warning = rounds.some(({ busy }) => busy > busyMax)
    ? " **That is too busy: these figures are the machine's, not the clients'.**"
    : "";
  return `In the healthy seconds the processors were ${parts} % busy.${warning}`;
}

interface ProcessorTimes {
  readonly idle: number;
  readonly all: number;
}

function processorTimes(): ProcessorTimes {
  const times = cpus().map((cpu) => cpu.times);
  const sum = (of: readonly number[]) => of.reduce((a, b) => a + b, 0);
  return { idle: sum(times.map(({ idle }) => idle)), all: sum(times.flatMap((one) => Object.values(one))) };
}

function busyPart(from: ProcessorTimes, to: ProcessorTimes): number {
  return 1 - (to.idle - from.idle) / (to.all - from.all);
}

function clock(): string {
  return new Date().toISOString().slice(11, 19);
}
