/** The entry point for `require()`: see index.cts. */
type Entry = typeof import("./opensearch.js", { with: { "resolution-mode": "import" }});

const entry: Entry = require("./opensearch.js");

export const onRollcall: Entry["onRollcall"] = entry.onRollcall;
