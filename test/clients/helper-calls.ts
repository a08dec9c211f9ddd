import type { Call } from "./call.js";

const documents = Array.from({ length: 7 }, (_, n) => ({ id: `h${n}`, n }));

/** The helpers of the clients, which make several calls each. */
export const helperCalls: readonly Call[] = [
  {
    name: "helper bulk",
    helper: "bulk",
    body: documents,
    parameters: { index: "clients-a", flushBytes: 60, refresh: "true" },
  },
  { name: "helper bulk in one", helper: "bulk", body: documents, parameters: { index: "clients-a", refresh: "true" } },
  { name: "helper bulk, refused with 503", helper: "bulk", body: documents, parameters: { index: "fault-503" } },
  {
    name: "helper bulk, refused with 429",
    helper: "bulk",
    body: documents,
    parameters: { index: "fault-429", retries: 1, wait: 10 },
  },
  {
    name: "helper bulk, items refused",
    helper: "bulk",
    body: documents,
    parameters: { index: "fault-bulk-429", retries: 2, wait: 10 },
  },
  {
    name: "helper bulk, items refused once",
    helper: "bulk",
    body: documents,
    parameters: { index: "fault-bulk-once", retries: 2, wait: 10 },
  },
  { name: "helper search", helper: "search", parameters: { index: "clients-a", q: "_id:h3" } },
  { name: "helper search with an error", helper: "search", parameters: { index: "fault-404" } },
  { name: "helper scroll of documents", helper: "scrollDocuments", parameters: { index: "fault-scroll" } },
  { name: "helper scroll", helper: "scrollSearch", parameters: { index: "fault-scroll" } },
  {
    name: "helper scroll, refused once",
    helper: "scrollSearch",
    parameters: { index: "fault-scroll-once" },
    options: { wait: 10 },
  },
  { name: "helper msearch", helper: "msearch", parameters: { index: "fault-msearch" } },
];
