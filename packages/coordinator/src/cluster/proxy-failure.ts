import { errorCodeOf, failureReason } from "@rollcall/core";
import type { ProxyConfig } from "@rollcall/core/config";
import { addressOf } from "@rollcall/core/view";

/**
 * A connection that was not made because of the proxy.
 *
 *   ERR_PROXY_UNREACHABLE  no connection to the proxy, TLS to it included
 *   ERR_PROXY_AUTH         407, or 401 as of tinyproxy
 *   ERR_PROXY_ANSWER       no answer, or none that is HTTP
 *   ERR_PROXY_REFUSED      another 4xx: its rules forbid the node
 *   ERR_PROXY_NODE         any other status: it does not reach the node
 *   ERR_PROXY_TIMEOUT      no answer in time, as when the node's packets are dropped behind it
 *
 * The first three say nothing of the node. Neither code nor message holds a credential.
 */
export class ProxyFailure extends Error {
  override readonly name = "ProxyFailure";

  private constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }

  static unreachable(proxy: ProxyConfig, error: Error | null): ProxyFailure {
    const code = errorCodeOf(error);
    const reason = (code === undefined ? "no connection" : failureReason(code)).replaceAll("`tls.", "`proxy.tls.");
    return new ProxyFailure("ERR_PROXY_UNREACHABLE", `the proxy ${shownProxy(proxy)} cannot be reached: ${reason}`);
  }

  static unanswered(proxy: ProxyConfig, what: string): ProxyFailure {
    return new ProxyFailure("ERR_PROXY_ANSWER", `the proxy ${shownProxy(proxy)} ${what}`);
  }

  /** @param node `host:port` */
  static late(proxy: ProxyConfig, node: string, timeoutMs: number): ProxyFailure {
    const message = `the proxy ${shownProxy(proxy)} has not connected to ${node} within ${timeoutMs} ms`;
    return new ProxyFailure("ERR_PROXY_TIMEOUT", message);
  }

  /** It has answered CONNECT with another status than 2xx. */
  static refused(proxy: ProxyConfig, node: string, status: number): ProxyFailure {
    const who = `the proxy ${shownProxy(proxy)}`;
    if (status === 407 || status === 401) {
      const todo = proxy.auth === undefined ? "set one in `proxy`" : "correct the one in `proxy`";
      return new ProxyFailure("ERR_PROXY_AUTH", `${who} asks for another credential (${status}): ${todo}`);
    }
    const isRefusal = status >= 400 && status < 500;
    const what = isRefusal ? "refuses to connect to" : "cannot connect to";
    return new ProxyFailure(isRefusal ? "ERR_PROXY_REFUSED" : "ERR_PROXY_NODE", `${who} ${what} ${node} (${status})`);
  }
}

/** For people: without its credential. */
export function shownProxy({ scheme, host, port }: ProxyConfig): string {
  return `${scheme}://${addressOf({ host, port })}`;
}
