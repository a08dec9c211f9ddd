import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "@rollcall/core";
import type { TlsConfig } from "@rollcall/core/config";
import { createHostPolicy } from "@rollcall/core/policy";
import type { Endpoint } from "./cluster/endpoint.js";

/** Looks again and again until `look` gives something truthy. Generous: only a broken promise fails. */
export async function until<T>(description: string, look: () => T, timeoutMs = 30_000): Promise<T> {
  const deadlineMs = performance.now() + timeoutMs;
  for (;;) {
    const value = look();
    if (value) return value;
    if (performance.now() > deadlineMs) throw new Error(`waited in vain until ${description}`);
    await sleep(5);
  }
}

/** Lets everything run that needs no more than the event loop. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Keeps every line: "level message". */
export class Lines implements Logger {
  readonly lines: string[] = [];
  readonly debug = (_fields: object, message: string) => this.keep("debug", message);
  readonly info = (_fields: object, message: string) => this.keep("info", message);
  readonly warn = (_fields: object, message: string) => this.keep("warn", message);
  readonly error = (_fields: object, message: string) => this.keep("error", message);

  get warnings(): string[] {
    return this.lines.filter((line) => line.startsWith("warn ")).map((line) => line.slice("warn ".length));
  }

  private keep(level: string, message: string): void {
    this.lines.push(`${level} ${message}`);
  }
}

/** An endpoint as a configured node without credentials has it. */
export function endpointAt(
  port: number,
  given: { readonly scheme?: "http" | "https"; readonly host?: string; readonly tls?: TlsConfig } & Partial<
    Pick<Endpoint, "policy" | "fallbackAddress" | "headers" | "pathPrefix">
  > = {},
): Endpoint {
  const { scheme = "http", host = "127.0.0.1", tls = {}, headers = {}, pathPrefix = "", ...rest } = given;
  const seeds = [{ scheme, host, port, pathPrefix, addresses: [] }];
  const policy = createHostPolicy({ seeds, hasCredentials: false });
  const address = `${host}:${port}`;
  return { address, host, port, scheme, origin: `${scheme}://${address}`, pathPrefix, headers, tls, policy, ...rest };
}
