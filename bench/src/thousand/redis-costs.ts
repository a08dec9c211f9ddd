import type { RedisServer } from "@rollcall/testing/redis";
import { machineMs } from "../fleet/machine-clock.js";

/** What Redis says that it has done so far. */
interface Sample {
  readonly atMs: number;
  readonly cpuMs: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** By command: how often, and its time in microseconds. */
  readonly commands: ReadonlyMap<string, { readonly calls: number; readonly usec: number }>;
}

/** What it cost Redis in a time, for each second of it. */
export interface RedisCosts {
  readonly overMs: number;
  /** Of one processor. */
  readonly cpu: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly commands: number;
  /** The commands that took the most time, with their calls and their part of a processor. */
  readonly costliest: readonly { readonly command: string; readonly calls: number; readonly cpu: number }[];
}

/** Returns what costs since, when it is called. */
export async function beginCosts(redis: RedisServer): Promise<() => Promise<RedisCosts>> {
  const before = await sample(redis);
  return async () => {
    const after = await sample(redis);
    const overMs = after.atMs - before.atMs;
    const perSecond = (grown: number) => (grown * 1_000) / overMs;
    const commands = [...after.commands].map(([command, { calls, usec }]) => {
      const earlier = before.commands.get(command) ?? { calls: 0, usec: 0 };
      return { command, calls: perSecond(calls - earlier.calls), cpu: perSecond(usec - earlier.usec) / 1e6 };
    });
    return {
      overMs,
      cpu: (after.cpuMs - before.cpuMs) / overMs,
      bytesIn: perSecond(after.bytesIn - before.bytesIn),
      bytesOut: perSecond(after.bytesOut - before.bytesOut),
      commands: commands.reduce((sum, { calls }) => sum + calls, 0),
      costliest: commands.sort((a, b) => b.cpu - a.cpu).slice(0, 4),
    };
  };
}

async function sample({ client }: RedisServer): Promise<Sample> {
  const [cpu, stats, commands] = await Promise.all(
    ["cpu", "stats", "commandstats"].map(async (section) => fieldsOf(await client.info(section))),
  );
  const seconds = (name: string) => Number(cpu?.get(name) ?? Number.NaN);
  return {
    atMs: machineMs(),
    cpuMs: (seconds("used_cpu_user") + seconds("used_cpu_sys")) * 1_000,
    bytesIn: Number(stats?.get("total_net_input_bytes")),
    bytesOut: Number(stats?.get("total_net_output_bytes")),
    commands: new Map(
      [...(commands ?? [])].map(([name, text]) => {
        const figure = (what: string) => Number(new RegExp(`(?:^|,)${what}=(\\d+)`).exec(text)?.[1] ?? 0);
        return [name.replace("cmdstat_", ""), { calls: figure("calls"), usec: figure("usec") }];
      }),
    ),
  };
}

function fieldsOf(info: string): Map<string, string> {
  const lines = info.split("\r\n").filter((line) => line.includes(":"));
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)]));
}
