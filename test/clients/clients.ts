import { createRequire } from "node:module";
import type { Pool } from "@rollcall/worker";
import { onRollcall as modern } from "rollcall/elasticsearch";
import { onRollcall as elasticsearch7 } from "rollcall/elasticsearch7";
import { onRollcall as opensearch } from "rollcall/opensearch";

type Options = Readonly<Record<string, unknown>>;
type Result = Readonly<Record<string, unknown>>;
type Listener = (error: Error | null, result: Result) => void;

/** As much of a client as the comparison uses: the same of all versions, so that the calls can be data. */
export interface AnyClient {
  readonly transport: { request(request: object, options?: object): Promise<unknown> };
  readonly helpers: Readonly<Record<string, (options: object, more?: object) => unknown>>;
  child(options: object): AnyClient;
  close(): Promise<void>;
  readonly diagnostic?: { on(event: string, listener: Listener): unknown };
  on?(event: string, listener: Listener): unknown;
}

export interface ClientPackage {
  readonly Client: new (options: object) => AnyClient;
  readonly errors: Readonly<Record<string, new () => Error>>;
}

/** One of the clients under comparison, and how it is put on a pool. */
export interface TestedClient {
  readonly name: string;
  /** With promises, or with callbacks below them. */
  readonly family: "modern" | "classic";
  readonly kind: "elasticsearch" | "opensearch";
  readonly load: () => ClientPackage;
  readonly onPool: (pool: Pool, options?: Options) => object;
}

const require = createRequire(import.meta.url);
// The names of the aliases are in package.json. Loaded only where a test runs it: each takes a second.
const loader = (name: string) => () => require(name) as ClientPackage;

export const testedClients: readonly TestedClient[] = [
  {
    ...{ name: "elasticsearch 9", family: "modern", kind: "elasticsearch", load: loader("es9") },
    onPool: (pool, options = {}) => modern(pool, options),
  },
  {
    ...{ name: "elasticsearch 8", family: "modern", kind: "elasticsearch", load: loader("es8") },
    onPool: (pool, options = {}) => modern(pool, options),
  },
  {
    ...{ name: "elasticsearch 7", family: "classic", kind: "elasticsearch", load: loader("@elastic/elasticsearch") },
    onPool: (pool, options = {}) => elasticsearch7(pool, options),
  },
  {
    ...{ name: "opensearch 3", family: "classic", kind: "opensearch", load: loader("@opensearch-project/opensearch") },
    onPool: (pool, options = {}) => opensearch(pool, options),
  },
  {
    ...{ name: "opensearch 2", family: "classic", kind: "opensearch", load: loader("os2") },
    onPool: (pool, options = {}) => opensearch(pool, options, require("os2")),
  },
];
