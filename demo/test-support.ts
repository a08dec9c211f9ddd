/**
 * The clusters, and what replicas share, that the tests start. They are found by where their compiled files lie: `demo` and `demo/dist` are not
 * equally deep, so that no relative import suits both the compiler and the program.
 */
const children: typeof import("../test/support/child-processes.js") = await import(compiled("child-processes.js"));
const coordinators: typeof import("../test/support/coordinator-process.js") = await import(
  compiled("coordinator-process.js")
);
const engines: typeof import("../test/support/engines/index.js") = await import(compiled("engines/index.js"));
const fixture: typeof import("../test/support/fixture/index.js") = await import(compiled("fixture/index.js"));
const redis: typeof import("../test/support/redis/index.js") = await import(compiled("redis/index.js"));
const wait: typeof import("../test/support/wait-until.js") = await import(compiled("wait-until.js"));

export type { CoordinatorProcess } from "../test/support/coordinator-process.js";
export const { own } = children;
export const { startCoordinatorProcess } = coordinators;
export const { engineAvailability, engineVersions, startEngine } = engines;
export const { startFixtureCluster } = fixture;
export const { startRedis } = redis;
export const { waitUntil } = wait;

function compiled(path: string): string {
  return new URL(`../../test/dist/support/${path}`, import.meta.url).href;
}
