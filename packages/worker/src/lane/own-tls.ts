import type { TlsConfig } from "@rollcall/core/config";
import type { Target } from "../dispatch/target.js";

/** Connections are kept while their TLS settings are the same object. What crosses to a thread is a copy each time. */
export class OwnTls {
  private inUse = new Map<string, TlsConfig>();

  /** The targets, with the objects of the list before wherever the settings are equal. */
  of(targets: readonly Target[]): Target[] {
    const known = new Map<TlsConfig, TlsConfig>();
    const inUse = new Map<string, TlsConfig>();
    const own = targets.map((target) => {
      const { tls } = target.endpoint;
      let mine = known.get(tls);
      if (mine === undefined) {
        const text = JSON.stringify(tls);
        mine = this.inUse.get(text) ?? inUse.get(text) ?? tls;
        known.set(tls, mine);
        inUse.set(text, mine);
      }
      return { ...target, endpoint: { ...target.endpoint, tls: mine } };
    });
    this.inUse = inUse;
    return own;
  }
}
