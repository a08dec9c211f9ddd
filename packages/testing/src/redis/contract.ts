import type { Redis } from "ioredis";
import type { NodeCertificate } from "../certificates.js";

/** A Redis of a test's own, on a free port of 127.0.0.1. It keeps nothing on disk. */
export interface RedisServer extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** Where it speaks TLS, if it was given a certificate; 0 otherwise. */
  readonly tlsPort: number;
  /** `redis://127.0.0.1:port`, with the user and password of `password` or the given ones. */
  readonly url: string;
  urlFor(user: { readonly username: string; readonly password: string }): string;
  /**
   * A client that may do everything: for checks and for faults. It is closed with the server, and works again after the
   * server was killed or frozen and is back.
   */
  readonly client: Redis;
  /** SIGSTOP: connections stay, the kernel takes new ones, and nothing answers. */
  freeze(): void;
  /** SIGCONT. What came in meanwhile is answered now. */
  thaw(): void;
  /** SIGKILL: connections are reset, new ones refused. */
  kill(): Promise<void>;
  /** Starts it again on the same port, empty; kills it first where it runs. */
  restart(): Promise<void>;
  /** Ends the server and its clients. Always resolves. */
  close(): Promise<void>;
}

export interface RedisServerOptions {
  /** What the default user must give; default: nothing. */
  readonly password?: string;
  /** Users beside the default one, by name: the words that `ACL SETUSER` takes after it. */
  readonly users?: Readonly<Record<string, string>>;
  /** Has it listen on one port more, with TLS; clients need no certificate. */
  readonly certificate?: NodeCertificate;
  /** Further lines of configuration, such as `maxmemory 2mb`. */
  readonly config?: readonly string[];
}
