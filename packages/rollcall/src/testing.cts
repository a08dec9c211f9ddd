/** The entry point for `require()`: see index.cts. */
export type * from "./testing.js" with { "resolution-mode": "import" };

type Entry = typeof import("./testing.js", { with: { "resolution-mode": "import" }});

const entry: Entry = require("./testing.js");

export const mockPool: Entry["mockPool"] = entry.mockPool;
