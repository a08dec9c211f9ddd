/** The package that applications install: the pool of `@rollcall/worker` under the project's own name. */
export * from "@rollcall/worker";
