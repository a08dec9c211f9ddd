import type { AddressInfo } from "node:net";
import { Server as TlsServer } from "node:tls";
import { type RunningCoordinator, systemTimers } from "@rollcall/coordinator";
import { errorCodeOf, type Logger, logEvent, RollcallError } from "@rollcall/core";
import { type CoordinatorOptions, parseCoordinatorConfig, redactRedis } from "@rollcall/core/config";
import { redisText } from "../redis-text.js";
import { createHttpApp } from "./http-app.js";
import { contextOf, type HttpOptions } from "./http-options.js";
import { LiveHistory } from "./live-history.js";
import { LiveStatus } from "./live-status.js";
import { readPageFiles } from "./page-files.js";

/** The live page of a process, listening. */
export interface OpenHttp {
  /** Begins to show what this coordinator sees. Before, only `/livez` and the page without data answer. */
  show(coordinator: RunningCoordinator, options: CoordinatorOptions): void;
  /**
   * Takes other tokens and certificates into use, also for connections that are open. False: nothing has changed, because
   * another address, and TLS or clients' certificates where there were none, need a new process.
   */
  reconfigure(options: HttpOptions | undefined): boolean;
  /** Ends every stream and connection at once. Always resolves. */
  close(): Promise<void>;
}

/**
 * Listens at once, so that a port that is taken is known before a coordinator begins.
 *
 * @throws {RollcallError} `CONFIG` where it cannot listen there
 */
export async function openHttp(options: HttpOptions, logger: Logger): Promise<OpenHttp> {
  const { app, show, useTokens } = createHttpApp(options, await readPageFiles());
  const { host, port, isLoopback } = options.address;
  try {
    await app.listen({ host, port });
  } catch (error) {
    await app.close();
    throw new RollcallError("CONFIG", whyNot(`${shownHost(host)}:${port}`, errorCodeOf(error)));
  }
  const url = `${options.tls === undefined ? "http" : "https"}://${shownHost(host)}:${portOf(app.server.address()) ?? port}`;
  logEvent(logger, "page.served", { url, isLoopback }, `serves the live page at ${url}`);
  let live: LiveStatus | undefined;
  let history: LiveHistory | undefined;
  return {
    show(coordinator, options) {
      const { store } = coordinator;
      const { name, redis } = parseCoordinatorConfig(options);
      live = new LiveStatus({ name, redis: redisText(redactRedis(redis)), store, timers: systemTimers, coordinator });
      history = new LiveHistory({ store, timers: systemTimers });
      show({
        name,
        live,
        history,
        store,
        scrape: () => ({
          coordinator: { isLeading: coordinator.isLeading, isConnected: store.isConnected },
          clusterRequests: coordinator.clusterRequests(),
        }),
      });
    },
    reconfigure(next) {
      if (next === undefined || shapeOf(next) !== shapeOf(options)) return false;
      if (next.tls !== undefined && app.server instanceof TlsServer) app.server.setSecureContext(contextOf(next.tls));
      useTokens(next);
      return true;
    },
    async close() {
      live?.close();
      history?.close();
      await app.close().catch(() => {});
    },
  };
}

/** What cannot change while it listens. */
function shapeOf({ address, tls }: HttpOptions): string {
  return JSON.stringify([address, tls !== undefined, tls?.clientCa !== undefined]);
}

function portOf(address: AddressInfo | string | null): number | undefined {
  return typeof address === "object" ? address?.port : undefined;
}

function shownHost(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

function whyNot(address: string, code: string | undefined): string {
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: "the port is in use by another process",
    EACCES: "this user may not listen there; ports below 1024 need a privilege",
    EADDRNOTAVAIL: "this machine does not have that address",
    ENOTFOUND: "the name has no address",
  };
  return `--http = "${address}": ${reasons[code ?? ""] ?? `cannot listen there: ${code ?? "unknown failure"}`}`;
}
