import type { Call } from "./call.js";

const read = (fault: string) => ({ method: "GET", path: `/fault-${fault}/_search` }) as const;
const write = (fault: string) => ({ method: "POST", path: `/fault-${fault}/_doc`, body: { n: 1 } }) as const;
/** The clients wait up to four seconds before a retry. */
const soon = { retryBackoff: () => 0 };
const once = { maxRetries: 0 };

const answers = [
  ...["ok", "400", "401", "403", "404", "409", "500", "slow", "gzip", "no-json", "poisoned-json", "empty-json"],
  ...["vendor-json", "text", "no-type", "tile", "empty", "nothing", "warnings", "cookies", "error-text"],
  ...["error-plain", "error-empty", "no-product", "cut-gzip"],
];
const refused = ["429", "502", "503", "504"];
const lost = ["reset-before", "reset-after", "cut-body"];

/** What a node may answer, and how it may fail. */
export const faultCalls: readonly Call[] = [
  ...answers.map((fault) => ({ name: `an answer: ${fault}`, request: read(fault) })),
  ...refused.flatMap((fault) => [
    { name: `a read that is refused with ${fault}`, request: read(fault), options: soon },
    { name: `a read that is refused with ${fault}, once`, request: read(fault), options: once },
    { name: `a write that is refused with ${fault}`, request: write(fault), options: soon },
    { name: `a read with ${fault} ignored`, request: read(fault), options: { ignore: [Number(fault)], ...once } },
  ]),
  ...lost.flatMap((fault) => [
    { name: `a read that is lost by ${fault}`, request: read(fault), options: soon },
    { name: `a read that is lost by ${fault}, once`, request: read(fault), options: once },
    { name: `a write that is lost by ${fault}`, request: write(fault), options: soon },
  ]),
  { name: "gzip that is asked for", request: read("gzip"), child: { compression: true }, family: "modern" },
  { name: "gzip that is asked for ", request: read("gzip"), child: { suggestCompression: true }, family: "classic" },
  { name: "a stream of gzip", request: read("gzip"), options: { asStream: true } },
  ...["503", "reset-after", "404"].flatMap((fault) => {
    const parameters = { index: `fault-${fault}` };
    return [
      // By methods of their own, which have spans.
      { name: `a read that is lost or refused by its method: ${fault}`, api: "search", parameters, options: soon },
      {
        name: `a read that is lost or refused by its method: ${fault}, once`,
        api: "search",
        parameters,
        options: once,
      },
    ];
  }),
  { name: "a read that is refused once with 503", request: read("once-503"), options: soon },
  { name: "a read that is refused once with 429", request: read("once-429"), options: soon },
  { name: "a read that is reset once", request: read("once-reset"), options: soon },
  { name: "a read that times out", request: read("hang"), options: { requestTimeout: 1_000, ...once } },
  { name: "a write that times out", request: write("hang"), options: { requestTimeout: 1_000, ...once } },
  {
    name: "headers, then silence",
    request: read("silence"),
    options: { requestTimeout: 1_000, ...once },
    patienceMs: 3_000,
  },
  { name: "a read that is aborted", request: read("hang"), abort: "sent" },
  { name: "a write that is aborted", request: write("hang"), abort: "sent" },
  { name: "a call that was aborted before", request: read("ok"), abort: "before" },
];
