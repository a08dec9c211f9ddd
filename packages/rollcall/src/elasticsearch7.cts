/** The entry point for `require()`: see index.cts. */
type Entry = typeof import("./elasticsearch7.js", { with: { "resolution-mode": "import" }});

const entry: Entry = require("./elasticsearch7.js");

export const onRollcall: Entry["onRollcall"] = entry.onRollcall;
