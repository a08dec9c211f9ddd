/**
 * `rollcall coordinator` as the tests start it. It is found by where its compiled file lies: `demo` and `demo/dist` are
 * not equally deep, so that no relative import suits both the compiler and the program.
 */
const coordinators: typeof import("../test/support/coordinator-process.js") = await import(
  new URL("../../test/dist/support/coordinator-process.js", import.meta.url).href
);

export { waitUntil } from "@rollcall/testing";
export { engineAvailability, engineVersions, startEngine } from "@rollcall/testing/engines";
export { startFixtureCluster } from "@rollcall/testing/fixture";
export { own } from "@rollcall/testing/processes";
export { startRedis } from "@rollcall/testing/redis";
export type { CoordinatorProcess } from "../test/support/coordinator-process.js";
export const { startCoordinatorProcess } = coordinators;
