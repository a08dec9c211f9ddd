import type { LookupAddress } from "node:dns";
import { isIP, type Socket } from "node:net";
import { plainName } from "@rollcall/core/access";
import type { ProxyConfig, TlsConfig } from "@rollcall/core/config";
import { addressOf } from "@rollcall/core/view";
import type { buildConnector } from "undici";
import type { Dialled } from "./dial-first.js";
import type { Endpoint } from "./endpoint.js";
import type { NameCache, Resolved } from "./name-cache.js";
import { NodeDialler, type NodeDiallerOptions } from "./node-dialler.js";
import type { ChainProblem } from "./pinned-certificate.js";
import { ProxyFailure } from "./proxy-failure.js";
import { RefusedConnection } from "./refused-connection.js";
import { openTunnel } from "./tunnel.js";

const noTls: TlsConfig = {};

/**
 * Dials one node through a proxy: a connection to the proxy, a tunnel in it, and for https TLS with the node in that. Each
 * of the three has the whole time to connect. The node's certificate is checked as it is without a proxy.
 */
export class TunnelDialler {
  private readonly toProxy: NodeDialler;
  private readonly toNode: NodeDialler;
  private readonly proxyTarget: buildConnector.Options;
  /** `host:port`, for the proxy to look up. */
  private readonly node: string;

  constructor(
    private readonly proxy: ProxyConfig,
    { scheme, host, port, tls }: Endpoint,
    private readonly options: NodeDiallerOptions,
  ) {
    const { reads: _, ...withoutReads } = options;
    // What is read for requests comes from the outermost socket: that of TLS with the node, else the tunnel's own.
    this.toProxy = new NodeDialler(proxy.tls ?? noTls, scheme === "http" ? options : withoutReads);
    this.toNode = new NodeDialler(tls, options);
    this.proxyTarget = { hostname: proxy.host, protocol: `${proxy.scheme}:`, port: String(proxy.port) };
    this.node = addressOf({ host: plainName(host), port });
  }

  /** As {@link NodeDialler.dial}, but `addresses` are those of the proxy. */
  dial(
    target: buildConnector.Options,
    host: string,
    addresses: readonly LookupAddress[],
    done: Dialled,
  ): (reason: Error) => void {
    const { proxy, toProxy, toNode, proxyTarget, options } = this;
    let isOver = false;
    const end: Dialled = (error, socket) => {
      if (isOver) return void socket?.destroy();
      isOver = true;
      done(error, socket);
    };

    const secure = (tunnel: Socket) => {
      if (target.protocol !== "https:") return end(null, tunnel);
      const secured = toNode.secure(tunnel, target, host, end);
      endStep = (reason) => void secured.destroy(reason);
    };
    const connected: Dialled = (error, socket) => {
      const problem = socket === null ? error : this.pinFailure(socket);
      if (socket === null || problem !== undefined) {
        socket?.destroy();
        return end(ProxyFailure.unreachable(proxy, problem ?? null), null);
      }
      const parts = { proxy, node: this.node, timeoutMs: options.connectTimeoutMs, timers: options.timers };
      endStep = openTunnel(socket, parts, (failure) => (failure === undefined ? secure(socket) : end(failure, null)));
    };
    let endStep: (reason: Error) => void = toProxy.dial(proxyTarget, plainName(proxy.host), addresses, connected);
    return (reason) => {
      if (isOver) return;
      end(reason, null);
      endStep(reason);
    };
  }

  /** As {@link NodeDialler.pinProblem}. */
  pinProblem(target: buildConnector.Options, host: string, socket: Socket): ChainProblem | undefined {
    return this.toNode.pinProblem(target, host, socket);
  }

  private pinFailure(socket: Socket): Error | undefined {
    const problem = this.toProxy.pinProblem(this.proxyTarget, plainName(this.proxy.host), socket);
    return problem === undefined ? undefined : new RefusedConnection(problem.code, problem.message);
  }
}

/** The addresses of the proxy. A number is its own. */
export function resolveProxy(proxy: ProxyConfig, names: NameCache, done: Resolved): void {
  const { host } = proxy;
  const family = isIP(host);
  if (family !== 0) return done(null, [{ address: host, family }]);
  names.resolve(host, [], (error, addresses) => done(error && ProxyFailure.unreachable(proxy, error), addresses));
}
