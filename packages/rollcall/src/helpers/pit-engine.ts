import { RollcallError } from "@rollcall/worker";
import type { HelperPool } from "./bulk-types.js";
import type { PitOptions } from "./hits-types.js";
import { renamed } from "./search-page.js";

/** How an engine opens and closes a point in time, and what makes a sort unique on it. */
export interface PitEngine {
  /** Below the index. */
  readonly openPath: string;
  readonly closePath: string;
  readonly idField: "id" | "pit_id";
  /** A parameter that lets a point in time be opened where shards are missing. */
  readonly allowPartial: string | undefined;
  closeBody(id: string): object;
  /** Undefined: the engine adds one to every sort by itself. */
  readonly tiebreaker: string | undefined;
  /** For a search without a sort. */
  readonly initialSort: string;
}

const elasticsearch: PitEngine = {
  openPath: "_pit",
  closePath: "/_pit",
  idField: "id",
  // It is not there before 8.16, and opens no part of an index.
  allowPartial: undefined,
  closeBody: (id) => ({ id }),
  tiebreaker: undefined,
  initialSort: "_shard_doc",
};

const openSearch = (tiebreaker: string): PitEngine => ({
  openPath: "_search/point_in_time",
  closePath: "/_search/point_in_time",
  idField: "pit_id",
  allowPartial: "allow_partial_pit_creation",
  closeBody: (id) => ({ pit_id: [id] }),
  tiebreaker,
  initialSort: tiebreaker,
});

/** The first version of OpenSearch that has `_shard_doc`. */
const hasShardDoc = { major: 3, minor: 3 };

/** The engine that the caller names, or that `GET /` shows. */
export async function pitEngine(
  pool: HelperPool,
  options: Pick<PitOptions, "engine" | "timeoutMs" | "signal">,
): Promise<PitEngine> {
  const { engine, timeoutMs, signal } = options;
  if (engine === "elasticsearch") return elasticsearch;
  if (engine === "opensearch") return openSearch("_id");
  const answer = await pool.request({ method: "GET", path: "/", timeoutMs, signal });
  try {
    return engineOf(answer.throwIfError().json());
  } catch (error) {
    if (!(error instanceof RollcallError)) throw error;
    throw renamed(error, `pit: \`engine\` says which engine it is where GET / does not: ${error.message}`);
  }
}

export function engineOf(root: unknown): PitEngine {
  const { version } = (root ?? {}) as { readonly version?: { distribution?: unknown; number?: unknown } };
  if (version?.distribution !== "opensearch") return elasticsearch;
  const [major = 0, minor = 0] = String(version.number).split(".").map(Number);
  const isNew = major > hasShardDoc.major || (major === hasShardDoc.major && minor >= hasShardDoc.minor);
  return openSearch(isNew ? "_shard_doc" : "_id");
}
