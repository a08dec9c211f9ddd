/** The entry point for `require()`: see index.cts. */
type Entry = typeof import("./elasticsearch.js", { with: { "resolution-mode": "import" }});

const entry: Entry = require("./elasticsearch.js");

export const onRollcall: Entry["onRollcall"] = entry.onRollcall;
