import { createRequire } from "node:module";
import { join } from "node:path";
import { createPool } from "rollcall";
import type { ClientSettings, Follower } from "../failover/client.js";
import { index, preference, sniffEveryMs, timeoutMs } from "../failover/terms.js";
import { root } from "../report.js";
import { type ClientKindName, type ClientPackage, clientKinds } from "./client-contenders.js";

/** A client of the repository's own tests: as it is published, or on a pool. */
export type ClientContender = `${ClientKindName} alone` | `${ClientKindName} on a pool`;

interface Answered {
  readonly meta: { readonly connection: { readonly url: URL } };
}

interface SearchingClient {
  search(parameters: object, options?: object): Promise<unknown>;
}

/** Alone it follows the cluster as its documentation recommends. */
export function startClientFollower(
  contender: ClientContender,
  { urls, threads, shared }: Pick<ClientSettings, "urls" | "threads" | "shared">,
): Follower {
  const kind = contender.slice(0, contender.indexOf(" ")) as ClientKindName;
  const { name, isClassic, onPool } = clientKinds[kind];
  const module = createRequire(join(root, "package.json"))(name) as ClientPackage;
  const pool = contender.endsWith("alone")
    ? undefined
    : createPool({
        ...{ nodes: [...urls], threads, timeoutMs, logger: false, ...shared },
        discovery: { intervalMs: sniffEveryMs },
      });
  const alone = {
    ...{ nodes: [...urls], requestTimeout: timeoutMs },
    ...{ sniffOnStart: true, sniffInterval: sniffEveryMs, sniffOnConnectionFault: true },
  };
  const client = new module.Client(pool === undefined ? alone : onPool(pool, module)) as unknown as SearchingClient;
  const query = { query: { match_all: {} } };
  const search = async () => {
    const found = isClassic
      ? client.search({ index, preference, body: query })
      : client.search({ index, preference, ...query }, { meta: true });
    return Number(((await found) as Answered).meta.connection.url.port);
  };
  return { ready: async () => (pool === undefined ? search() : pool.ready()), search };
}
