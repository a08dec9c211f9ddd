import { readFileSync } from "node:fs";
import type { RedisClient } from "./redis-clients.js";

/** The scripts of `lua/`, each as a command: keys first, then arguments, as the file says. */
export interface Scripts {
  acquire(keys: readonly [string, string], ...parameters: readonly Parameter[]): Promise<unknown>;
  renew(keys: FiveKeys, ...parameters: readonly Parameter[]): Promise<unknown>;
  publish(keys: FiveKeys, ...parameters: readonly Parameter[]): Promise<unknown>;
  release(keys: readonly [string, string], ...parameters: readonly Parameter[]): Promise<unknown>;
}

export type FiveKeys = readonly [string, string, string, string, string];
export type Parameter = string | number | Uint8Array;

const keysOf = { acquire: 2, renew: 5, publish: 5, release: 2 } as const satisfies Record<keyof Scripts, number>;

/** Teaches the client our scripts: sent whole once a connection, by their hash after that. */
export function scriptsOf(client: RedisClient): Scripts {
  const run = (name: keyof Scripts) => {
    const command = commandOf(name);
    client.defineCommand(command, { numberOfKeys: keysOf[name], lua: sourceOf(name) });
    // ioredis puts the command onto the client itself, where its types cannot know it.
    const send: unknown = Reflect.get(client, command);
    if (typeof send !== "function") throw new TypeError(`ioredis did not define ${command}`);
    return (keys: readonly string[], ...parameters: readonly Parameter[]): Promise<unknown> =>
      Reflect.apply(send, client, [...keys, ...parameters.map(asArgument)]);
  };
  return { acquire: run("acquire"), renew: run("renew"), publish: run("publish"), release: run("release") };
}

function commandOf(name: keyof Scripts): string {
  return `rollcall${name[0]?.toUpperCase()}${name.slice(1)}`;
}

/** ioredis takes bytes as a Buffer alone. */
function asArgument(parameter: Parameter): string | number | Buffer {
  return parameter instanceof Uint8Array
    ? Buffer.from(parameter.buffer, parameter.byteOffset, parameter.byteLength)
    : parameter;
}

const sources = new Map<string, string>();

/** Read once, when the first store of the process wants them. */
function sourceOf(name: keyof Scripts): string {
  const known = sources.get(name);
  if (known !== undefined) return known;
  const source = readFileSync(new URL(`../../lua/${name}.lua`, import.meta.url), "utf8");
  sources.set(name, source);
  return source;
}
