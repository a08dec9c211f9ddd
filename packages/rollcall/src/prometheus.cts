/** The entry point for `require()`: see index.cts. */
export type * from "./prometheus.js" with { "resolution-mode": "import" };

type Entry = typeof import("./prometheus.js", { with: { "resolution-mode": "import" }});

const entry: Entry = require("./prometheus.js");

export const registerMetrics: Entry["registerMetrics"] = entry.registerMetrics;
