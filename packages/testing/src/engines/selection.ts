import type { EngineName } from "./contract.js";
import { findJava } from "./find-java.js";
import { type EngineRelease, releases, securedReleases } from "./releases.js";

/** One row of the matrix of engines. */
export interface MatrixEngine {
  readonly kind: EngineName;
  readonly isSecured: boolean;
  /** Such as "Elasticsearch 9.5.3 with security". */
  readonly title: string;
  /** Why its tests cannot run on this machine, and what to install. */
  readonly skip?: string;
}

/** The rows of one product, with or without security; the newest is the last. */
export async function enginesOf(product: EngineRelease["product"], isSecured: boolean): Promise<MatrixEngine[]> {
  const rows = Object.entries(isSecured ? securedReleases : releases) as [EngineName, EngineRelease][];
  return Promise.all(
    rows
      .filter(([, release]) => release.product === product)
      .map(async ([kind, { version, oldestJava }]) => {
        const name = `${product} ${version}`;
        const problem = await findJava(oldestJava).then(
          () => undefined,
          (error: Error) => error.message,
        );
        const title = `${name}${isSecured ? " with security" : ""}`;
        return { kind, isSecured, title, ...(problem === undefined ? {} : { skip: `${name}: ${problem}` }) };
      }),
  );
}

/** The newest of these that can run here; the oldest, with its `skip`, where none can. */
export function newestRunnable(engines: readonly MatrixEngine[]): MatrixEngine {
  const chosen = engines.findLast(({ skip }) => skip === undefined) ?? engines[0];
  if (chosen === undefined) throw new Error("there is no such engine");
  return chosen;
}
