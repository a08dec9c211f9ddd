/** One attempt of a request, exactly as it is about to be sent: what a {@link SignHook} signs. */
export interface RequestToSign {
  readonly method: string;
  readonly scheme: "http" | "https";
  /** The node's name or number, without brackets. */
  readonly host: string;
  readonly port: number;
  /** With the node's path prefix and the query, percent-encoded: the request target as it goes out. */
  readonly path: string;
  /**
   * As they go out, `host` included, by their names in lower case; without a credential, `content-length`, `connection`,
   * and the headers of a trace (`traceparent`, `tracestate`), which instrumentations may still replace.
   */
  readonly headers: Readonly<Record<string, string>>;
  /** After packing. `null`: there is none. `undefined`: it streams, so its bytes are not there yet. */
  readonly body: Uint8Array | null | undefined;
}

/**
 * Returns the headers that the request has in addition: its signature. Called for each attempt anew, in each thread that
 * sends, and for the probes and sniffs of discovery.
 *
 * A header that the request has already may come back as it was. One that has another value is an error, and so is one
 * that the connection sets. If it throws, or does not answer within 10 s or nine tenths of the time that the request
 * has left, the request fails with `SIGN`.
 */
export type SignHook = (
  request: RequestToSign,
) => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>;

/** Where the hook comes from, checked. */
export type SignConfig =
  | { readonly kind: "function"; readonly hook: SignHook }
  /** The URL or the absolute path of a module whose default export is the hook. */
  | { readonly kind: "module"; readonly module: string };

/** A module's URL or path as it may be shown: a URL that is no file's may hold anything, a secret too. */
export function shownModule(module: string): string {
  if (!/^[a-z]{2,}:/.test(module)) return module;
  const { protocol, pathname } = new URL(module);
  return protocol === "file:" ? `file://${pathname}` : `a module with a ${protocol} URL`;
}
