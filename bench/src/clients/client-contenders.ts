import { createRequire } from "node:module";
import { join } from "node:path";
import { createPool, type Pool } from "rollcall";
import { onRollcall as onModern } from "rollcall/elasticsearch";
import { onRollcall as onElasticsearch7 } from "rollcall/elasticsearch7";
import { onRollcall as onOpenSearch } from "rollcall/opensearch";
import { query } from "../hot-path/bare-undici.js";
import type { Contender } from "../hot-path/contenders.js";
import { root } from "../report.js";

interface AnyClient {
  search(parameters: object): Promise<unknown>;
  close(): Promise<void>;
}

interface ClientKind {
  readonly label: string;
  /** The package, as the repository's own tests have it. */
  readonly name: string;
  /** The answer is the `body` of what the client gives. */
  readonly isClassic: boolean;
  readonly onPool: (pool: Pool, module: ClientPackage) => object;
}

export interface ClientPackage {
  readonly Client: new (options: object) => AnyClient;
  readonly errors: object;
  readonly Transport: abstract new (...given: never[]) => object;
}

export const clientKinds = {
  es9: { label: "elasticsearch 9", name: "es9", isClassic: false, onPool: (pool) => onModern(pool) },
  es8: { label: "elasticsearch 8", name: "es8", isClassic: false, onPool: (pool) => onModern(pool) },
  es7: {
    ...{ label: "elasticsearch 7.17", name: "@elastic/elasticsearch", isClassic: true },
    onPool: (pool) => onElasticsearch7(pool),
  },
  os3: {
    ...{ label: "opensearch 3", name: "@opensearch-project/opensearch", isClassic: true },
    onPool: (pool) => onOpenSearch(pool),
  },
  os2: {
    ...{ label: "opensearch 2", name: "os2", isClassic: true },
    onPool: (pool, module) => onOpenSearch(pool, {}, module),
  },
} as const satisfies Readonly<Record<string, ClientKind>>;

export type ClientKindName = keyof typeof clientKinds;

/** How a client sends: as it is published, or through a pool with so many threads. */
export const ways = ["alone", "0", "1"] as const;
export type Way = (typeof ways)[number];

export function startClientContender(kind: ClientKindName, way: Way, urls: readonly string[]): Contender {
  const { name, isClassic, onPool }: ClientKind = clientKinds[kind];
  const module = createRequire(join(root, "package.json"))(name) as ClientPackage;
  const pool =
    way === "alone"
      ? undefined
      : createPool({ nodes: [...urls], threads: Number(way), discovery: false, logger: false });
  const client = new module.Client(pool === undefined ? { nodes: [...urls] } : onPool(pool, module));
  return {
    async parsed(index) {
      if (!isClassic) return client.search({ index, ...query });
      return ((await client.search({ index, body: query })) as { readonly body: unknown }).body;
    },
    async close() {
      await client.close();
      await pool?.close();
    },
  };
}
