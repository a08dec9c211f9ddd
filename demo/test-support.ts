/**
 * The clusters that the tests start. They are found by where their compiled files lie: `demo` and `demo/dist` are not
 * equally deep, so that no relative import suits both the compiler and the program.
 */
const engines: typeof import("../test/support/engines/index.js") = await import(compiled("engines/index.js"));
const fixture: typeof import("../test/support/fixture/index.js") = await import(compiled("fixture/index.js"));
const wait: typeof import("../test/support/wait-until.js") = await import(compiled("wait-until.js"));

export const { engineAvailability, engineVersions, startEngine } = engines;
export const { startFixtureCluster } = fixture;
export const { waitUntil } = wait;

function compiled(path: string): string {
  return new URL(`../../test/dist/support/${path}`, import.meta.url).href;
}
