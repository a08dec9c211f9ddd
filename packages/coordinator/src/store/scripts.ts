import { luaScripts } from "./lua-scripts.js";
import type { RedisClient } from "./redis-clients.js";

/** The Lua scripts as commands: keys first, then arguments, in the order that each script documents. */
export interface Scripts {
  acquire(keys: readonly [string, string], ...parameters: readonly Parameter[]): Promise<unknown>;
  renew(keys: FiveKeys, ...parameters: readonly Parameter[]): Promise<unknown>;
  publish(keys: FiveKeys, ...parameters: readonly Parameter[]): Promise<unknown>;
  record(keys: readonly [string, string, string], ...parameters: readonly Parameter[]): Promise<unknown>;
  release(keys: readonly [string, string, string], ...parameters: readonly Parameter[]): Promise<unknown>;
}

export type FiveKeys = readonly [string, string, string, string, string];
export type Parameter = string | number | Uint8Array;

/** Adds the scripts to the client. ioredis sends a script's source once a connection, and its hash after that. */
export function scriptsOf(client: RedisClient): Scripts {
  const run = (name: keyof Scripts) => {
    const command = `rollcall${name[0]?.toUpperCase()}${name.slice(1)}`;
    client.defineCommand(command, luaScripts[name]);
    // ioredis adds the command to the client itself, which its types cannot express.
    const send: unknown = Reflect.get(client, command);
    if (typeof send !== "function") throw new TypeError(`ioredis did not define ${command}`);
    return (keys: readonly string[], ...parameters: readonly Parameter[]): Promise<unknown> =>
      Reflect.apply(send, client, [...keys, ...parameters.map(asArgument)]);
  };
  return {
    ...{ acquire: run("acquire"), renew: run("renew"), publish: run("publish") },
    ...{ record: run("record"), release: run("release") },
  };
}

/** ioredis accepts bytes as a Buffer only. */
function asArgument(parameter: Parameter): string | number | Buffer {
  return parameter instanceof Uint8Array
    ? Buffer.from(parameter.buffer, parameter.byteOffset, parameter.byteLength)
    : parameter;
}
