/** The entry point for `require()`: see index.cts. */
export type * from "./helpers.js" with { "resolution-mode": "import" };

type Entry = typeof import("./helpers.js", { with: { "resolution-mode": "import" }});

const entry: Entry = require("./helpers.js");

export const bulk: Entry["bulk"] = entry.bulk;
export const pit: Entry["pit"] = entry.pit;
export const scroll: Entry["scroll"] = entry.scroll;
export const typedRequests: Entry["typedRequests"] = entry.typedRequests;
