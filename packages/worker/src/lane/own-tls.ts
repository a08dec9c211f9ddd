import { present } from "@rollcall/core";
import type { ProxyConfig, TlsConfig } from "@rollcall/core/config";
import type { Target } from "../dispatch/target.js";

/**
 * Connections are kept while their TLS settings and their proxy are the same objects. What crosses to a thread is a copy
 * each time.
 */
export class OwnTls {
  private inUse = new Map<string, TlsConfig>();
  /** One for all targets. */
  private proxy: ProxyConfig | undefined;

  /** The targets, with the objects of the list before wherever the settings are equal. */
  of(targets: readonly Target[]): Target[] {
    const known = new Map<TlsConfig, TlsConfig>();
    const inUse = new Map<string, TlsConfig>();
    const proxy = targets[0]?.endpoint.proxy;
    if (JSON.stringify(proxy) !== JSON.stringify(this.proxy)) this.proxy = proxy;
    const ownProxy = present({ proxy: this.proxy });
    const own = targets.map((target) => {
      const { tls } = target.endpoint;
      let mine = known.get(tls);
      if (mine === undefined) {
        const text = JSON.stringify(tls);
        mine = this.inUse.get(text) ?? inUse.get(text) ?? tls;
        known.set(tls, mine);
        inUse.set(text, mine);
      }
      return { ...target, endpoint: { ...target.endpoint, tls: mine, ...ownProxy } };
    });
    this.inUse = inUse;
    return own;
  }
}
