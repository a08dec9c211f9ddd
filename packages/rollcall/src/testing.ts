/** A pool for the unit tests of applications: docs/testing.md. */
export * from "@rollcall/worker/testing";
