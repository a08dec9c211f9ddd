/** The entry point for `require()`: see index.cts. */
export type * from "./opentelemetry.js" with { "resolution-mode": "import" };

type Entry = typeof import("./opentelemetry.js", { with: { "resolution-mode": "import" }});

const entry: Entry = require("./opentelemetry.js");

export const instrument: Entry["instrument"] = entry.instrument;
