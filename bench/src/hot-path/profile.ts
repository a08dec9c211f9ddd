import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { startMeasured } from "../measured-process.js";
import { type Report, root, table } from "../report.js";
import type { ContenderName, Form } from "./contenders.js";
import type { RoundCost, RoundOrder } from "./round.js";
import { answers, type Servers } from "./servers.js";

const profiled: readonly { readonly name: ContenderName; readonly index: string; readonly form: Form }[] = [
  { name: "undici-dispatch", index: "small", form: "parsed" },
  { name: "rollcall", index: "small", form: "parsed" },
  { name: "rollcall-1-thread", index: "small", form: "parsed" },
  { name: "rollcall-1-thread", index: "medium", form: "bytes" },
];
const inFlight = 64;
const shownFunctions = 15;
const preload = new URL("./thread-profile.js", import.meta.url).href;

/**
 * Where the time of a request goes, function by function and thread by thread. Profiling slows; only the parts count.
 */
export async function profileHotPath(servers: Servers, quick: boolean): Promise<Report> {
  const folder = await mkdtemp(join(tmpdir(), "rollcall-profile-"));
  let body = `By V8's sampling profiler: self time. Idle time is left out. The profiles themselves are in ${folder}.\n\n`;
  for (const { name, index, form } of profiled) {
    const answer = answers.find((one) => one.index === index);
    if (answer === undefined) throw new Error(`no answer ${index}`);
    const client = await startMeasured<RoundOrder, RoundCost>(
      new URL("./client.js", import.meta.url),
      [name, ...servers.urls],
      ["--import", preload],
    );
    try {
      const profileInto = await mkdtemp(join(folder, `${name}-${index}-${form}-`));
      const order = { answer, form, forMs: quick ? 500 : 4_000, inFlight, requestsMax: 1_000_000 };
      await client.run(order);
      const { requests } = await client.run({ ...order, profileInto });
      for (const file of readdirSync(profileInto).sort()) {
        const thread = file === "thread-0.cpuprofile" ? "main thread" : `another ${basename(file, ".cpuprofile")}`;
        body += `## ${name}, ${answer.label} ${form}: ${thread}\n\n${profileTable(join(profileInto, file), requests)}\n`;
      }
    } finally {
      await client.stop();
    }
  }
  return { title: "Hot path: where the time goes", body };
}

/** What V8's profiler writes, as far as it is read here. */
interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

function profileTable(file: string, requests: number): string {
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(file, "utf8")) as CpuProfile;
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const selfUs = new Map<string, number>();
  let busyUs = 0;
  samples.forEach((id, at) => {
    const name = names.get(id) ?? "?";
    // A sample stands for the time until the next one.
    const us = timeDeltas[at + 1] ?? 0;
    if (name === "(idle)") return;
    busyUs += us;
    selfUs.set(name, (selfUs.get(name) ?? 0) + us);
  });
  const sorted = [...selfUs].sort(([, a], [, b]) => b - a);
  const row = (name: string, us: number) => [name, `${((us / busyUs) * 100).toFixed(1)} %`, (us / requests).toFixed(2)];
  const shown = sorted.slice(0, shownFunctions);
  const restUs = sorted.slice(shownFunctions).reduce((sum, [, us]) => sum + us, 0);
  return table(
    ["function", "share", "us/request"],
    [...shown.map(([name, us]) => row(name, us)), row("all others", restUs), row("together", busyUs)],
  );
}

/** `function file:line`, the file from the repository's root or from its package on. */
function nameOf({ functionName, url, lineNumber }: CpuProfile["nodes"][number]["callFrame"]): string {
  const name = functionName === "" ? "(anonymous)" : functionName;
  if (url === "") return name;
  const path = url.startsWith("file:") ? relative(root, fileURLToPath(url)) : url;
  const short = path.replace(/^.*node_modules\//, "").replace("/dist/", "/");
  return `${name} ${short}:${lineNumber + 1}`;
}
