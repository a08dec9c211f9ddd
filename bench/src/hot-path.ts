import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { own } from "../../test/dist/support/child-processes.js";
import { type ContenderName, contenderNames } from "./contenders.js";
import type { RoundCost, RoundOrder } from "./hot-path-client.js";
import { type Answer, answers, startServers } from "./hot-path-servers.js";
import { type Report, table } from "./report.js";
import { median, quartiles } from "./statistics.js";

const inFlight = 64;
const floor: ContenderName = "undici-dispatch";
const targetRatio = 1.15;
/** Connections are opened, code is compiled. */
const warmUpRounds = 3;

/**
 * What a request costs its client, in processor time: bare undici, Rollcall on the calling thread, and the official
 * clients, each in a process of its own, in short rounds that take turns, so that whatever else the machine does meets all
 * of them alike.
 */
export async function hotPath({ quick }: { readonly quick: boolean }): Promise<Report> {
  const rounds = quick ? 2 : 7;
  const forMs = quick ? 300 : 1_500;
  await using servers = await startServers();
  const clients: Client[] = [];
  let tables = "";
  try {
    for (const name of contenderNames) clients.push(await startClient(name, servers.urls));
    for (const answer of answers) {
      console.log(`answers of ${answer.label}`);
      tables += `## Answers of ${answer.label}\n\n${costTable(await takeTurns(clients, answer, rounds, forMs))}\n`;
    }
  } finally {
    await Promise.all(clients.map((client) => client.stop()));
  }
  const body =
    `Searches by POST, the query stringified and the answer parsed, ${inFlight} in flight, over three nodes: ${servers.kind}. ` +
    `${rounds} rounds of ${forMs} ms each, in turns, after ${warmUpRounds} to warm up. CPU is user and system time of the client's ` +
    `process alone. Given are medians, in brackets the quartiles; the ratio is to ${floor} in the same round.\n\n` +
    `To be reached: rollcall at most ${targetRatio} times ${floor}.\n\n${tables}`;
  return { title: "Hot path: what a request costs its client", body };
}

type Costs = ReadonlyMap<ContenderName, readonly RoundCost[]>;

/** Every contender once a round, each round beginning with another. */
async function takeTurns(clients: readonly Client[], { index }: Answer, rounds: number, forMs: number): Promise<Costs> {
  const order: RoundOrder = { index, forMs, inFlight, requestsMax: 1_000_000 };
  for (const client of clients) await client.run({ ...order, forMs: forMs * warmUpRounds });
  const costs = new Map<ContenderName, RoundCost[]>(clients.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    const first = round % clients.length;
    for (const client of [...clients.slice(first), ...clients.slice(0, first)]) {
      costs.get(client.name)?.push(await client.run(order));
    }
  }
  return costs;
}

function costTable(costs: Costs): string {
  const cpuOf = (name: ContenderName) =>
    costs.get(name)?.map(({ cpuMs, requests }) => (cpuMs * 1_000) / requests) ?? [];
  const floorUs = cpuOf(floor);
  const rows = [...costs].map(([name, rounds]) => {
    const us = cpuOf(name);
    const ratios = us.map((own, round) => own / (floorUs[round] ?? Number.NaN));
    const perSecond = rounds.map(({ requests, wallMs }) => (requests * 1_000) / wallMs);
    return [name, spread(us, us.some((one) => one >= 1_000) ? 0 : 1), spread(ratios, 2), median(perSecond).toFixed(0)];
  });
  return table(["", "CPU us/request", "to the floor", "requests/s"], rows);
}

function spread(values: readonly number[], digits: number): string {
  const [low, high] = quartiles(values);
  return `${median(values).toFixed(digits)} [${low.toFixed(digits)}, ${high.toFixed(digits)}]`;
}

interface Client {
  readonly name: ContenderName;
  run(order: RoundOrder): Promise<RoundCost>;
  stop(): Promise<unknown>;
}

async function startClient(name: ContenderName, urls: readonly string[]): Promise<Client> {
  const child = fork(fileURLToPath(new URL("./hot-path-client.js", import.meta.url)), [name, ...urls]);
  const owned = await own(child);
  const died = owned.gone.then(() => {
    throw new Error(`the process of ${name} ended before its time`);
  });
  // Only of interest while a round runs.
  died.catch(() => {});
  return {
    name,
    async run(order) {
      const answered = once(child, "message");
      child.send(order);
      const [cost] = await Promise.race([answered, died]);
      return cost as RoundCost;
    },
    stop: () => owned.stop(),
  };
}
