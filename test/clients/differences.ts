import type { Difference } from "./compare.js";

/** Something that is not the same on the pool, on purpose. */
export interface ExpectedDifference {
  /** Of one field, or several. */
  readonly field: RegExp;
  /** Default: every call. */
  readonly calls?: RegExp;
  /** Default: every client. */
  readonly clients?: RegExp;
  /** What it must be on the pool. Default: anything. */
  readonly onPool?: RegExp;
  /** The fixture's nodes take what a real engine refuses. */
  readonly isOfEngines?: true;
  readonly reason: string;
}

const retried = /refused|lost|reset/;

/**
 * Every difference between a client alone and the same client on a pool. Each is found with every client that it is
 * said of; `docs/clients.md` says what they mean for users.
 */
export const expectedDifferences: readonly ExpectedDifference[] = [
  {
    field: /\bmeta\.connection\.(?!url$|id$)/,
    reason: "the connection is the adapter's: it shows the node, and nothing of sockets, agents and dead marks",
  },
  {
    ...{ field: /^wire\.\d+\.headers\.accept-encoding$/, onPool: /^identity$/ },
    reason: "the pool says that it takes answers as they are; the clients say nothing",
  },
  {
    ...{ field: /^wire\.\d+\.url$/, calls: /^a path with a query, and a query$/, onPool: /\?size=0&from=0$/ },
    reason: "alone, two question marks are sent",
  },
  {
    ...{ field: /^(?:outcome|events)$/, calls: /^a path with a query, and a query$/, onPool: /returns|response well/ },
    ...{ reason: "and engines refuse that", isOfEngines: true },
  },
  {
    ...{ field: /^events$/, calls: retried, onPool: /^(?!.*request well \d+, (?:deserialization well \d*, )?request)/ },
    reason: "one event for each call; the client's own loop of retries has one for each attempt",
  },
  {
    ...{ field: /^requests$/, calls: /^a write that is (?:refused with 50\d|lost)/, onPool: /^1$/ },
    reason: "a write that may have been applied is sent once; alone, four times",
  },
  {
    ...{ field: /^requests$/, calls: /^a read that is (?:refused|lost|reset)/, onPool: /^[1-5]$/ },
    reason: "the pool retries reads, also with 429, and once more where a kept connection was closed",
  },
  {
    ...{ field: /^requests$/, calls: /^helper .*refused/, onPool: /^\d$/ },
    reason: "what the helpers send is retried by class too",
  },
  { field: /\bmeta\.attempts$/, calls: retried, onPool: /^[0-4]$/, reason: "the retries that the pool made" },
  {
    ...{ field: /^outcome$/, calls: /^a read that is refused once with 429$/, onPool: /^returns$/ },
    reason: "the pool retries reads that are refused with 429",
  },
  {
    ...{ field: /^(?:outcome|events)$/, calls: /^headers, then silence$/, onPool: /TimeoutError/ },
    reason: "alone, the timeout ends with the headers",
  },
  {
    ...{ field: /^(?:result\.thrown|spans\.0\.exceptions\.0)\.message$/, calls: retried },
    reason: "the pool's own words for a lost connection",
  },
  {
    ...{
      field: /^result\.thrown\.meta\.(?:statusCode|headers\b.*)$/,
      calls: /cut-body/,
      clients: /h [23]|elasticsearch 7/,
    },
    reason: "an answer whose body is lost is none; alone, its status and headers are shown",
  },
  {
    ...{
      field: /^events$|\bmeta\.attempts$/,
      calls: /^a path (?:that Node refuses|beyond ASCII)$/,
      clients: /h [23]|elasticsearch 7/,
    },
    reason: "a path that cannot be sent is not retried",
  },
];

/** What is wrong with the differences of one client: those that are not expected, and those that are missing. */
export function problemsOf(found: readonly Difference[], client: string, isEngine = false): string[] {
  const expected = expectedDifferences.filter(
    ({ clients = /./, isOfEngines = false }) => clients.test(client) && (isEngine || !isOfEngines),
  );
  const surprises = found.filter((difference) => !expected.some((one) => isExpected(difference, one)));
  const missing = expected.filter((one) => !found.some((difference) => isExpected(difference, one)));
  return [
    ...surprises.map(({ call, field, alone, onPool }) => `${call}: ${field} is ${alone} alone, ${onPool} on the pool`),
    ...missing.map(({ field, calls, reason }) => `no difference in ${field} of ${calls ?? "any call"}: ${reason}`),
  ];
}

function isExpected({ field, call, onPool }: Difference, expected: ExpectedDifference): boolean {
  return (
    expected.field.test(field) && (expected.calls ?? /./).test(call) && (expected.onPool ?? /^/).test(String(onPool))
  );
}
