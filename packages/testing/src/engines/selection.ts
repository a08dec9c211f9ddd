import type { EngineName } from "./contract.js";
import { findJava } from "./find-java.js";
import { releases, securedReleases } from "./releases.js";

/** One row of the matrix of engines. */
export interface SelectedEngine {
  readonly kind: EngineName;
  readonly isSecured: boolean;
  /** Such as "Elasticsearch 9.5.3 with security". */
  readonly title: string;
  /** Why its tests cannot run on this machine, and what to install. */
  readonly skip?: string;
}

type Row = Pick<SelectedEngine, "kind" | "isSecured">;

/** What `npm test` runs: two of today's, each with what runs in its place under an older Java. */
const defaults: readonly (readonly [today: Row, before: Row])[] = [
  [
    { kind: "elasticsearch9", isSecured: true },
    { kind: "elasticsearch8", isSecured: true },
  ],
  [
    { kind: "opensearch3", isSecured: false },
    { kind: "opensearch", isSecured: false },
  ],
];

const matrix: readonly Row[] = [
  ...(["opensearch", "opensearch3", "elasticsearch", "elasticsearch8", "elasticsearch9"] as const).map(plain),
  ...(["opensearch", "opensearch3", "elasticsearch8", "elasticsearch9"] as const).map(secured),
];

/** The whole matrix: engines whose Java is missing have `skip`. */
export async function allEngines(): Promise<SelectedEngine[]> {
  return Promise.all(matrix.map(describe));
}

/** The two of `npm test`. `note`: one line where an older one takes the place of one of them. */
export async function defaultEngines(): Promise<{
  readonly engines: readonly SelectedEngine[];
  readonly note?: string;
}> {
  const choices = await Promise.all(defaults.map((rows) => Promise.all(rows.map(describe))));
  const engines = choices.flatMap(([today, before]) => (today?.skip === undefined ? today : before) ?? []);
  const missing = choices.flatMap(([today]) => (today?.skip === undefined ? [] : today));
  if (missing.length === 0) return { engines };
  const [older, newer] = [engines, missing].map((list) => list.map(({ title }) => title).join(" and "));
  return { engines, note: `engines: ${older}, because ${newer} cannot run here: ${missing[0]?.skip}` };
}

async function describe({ kind, isSecured }: Row): Promise<SelectedEngine> {
  const { product, version, oldestJava } =
    isSecured && kind !== "elasticsearch" ? securedReleases[kind] : releases[kind];
  const title = `${product} ${version}${isSecured ? " with security" : ""}`;
  const problem = await findJava(oldestJava).then(
    () => undefined,
    (error: Error) => error.message,
  );
  return { kind, isSecured, title, ...(problem === undefined ? {} : { skip: `${product} ${version}: ${problem}` }) };
}

function plain(kind: EngineName): Row {
  return { kind, isSecured: false };
}

function secured(kind: EngineName): Row {
  return { kind, isSecured: true };
}
