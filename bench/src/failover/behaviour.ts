import type { FixtureFaults, RequestFault } from "@rollcall/testing/fixture";

/**
 * How a fixture node answers searches.
 *
 *   normal  in 20 ms, and one search in twenty in 45 ms
 *   slow    so many times slower
 *   fails   this part of the searches gets 503 at once, the rest is normal
 *   hangs   it answers no search, but every other request
 *   stalls  this part of the searches takes 300 ms longer
 */
export type Behaviour =
  | { readonly is: "normal" }
  | { readonly is: "slow"; readonly times: number }
  | { readonly is: "fails"; readonly part: number }
  | { readonly is: "hangs" }
  | { readonly is: "stalls"; readonly part: number };

const searchMs = 20;
const longerMs = 25;
const longerPart = 0.05;
const stallMs = 300;

/** For the report. */
export const fixtureSearchText = `a search takes ${searchMs} ms, and ${searchMs + longerMs} ms one time in ${1 / longerPart}`;

export function faultsOf(behaviour: Behaviour): FixtureFaults {
  const on = { kind: "other" } as const;
  const normal = (times: number): RequestFault[] => [
    { kind: "delay", ms: searchMs * times, on },
    { kind: "delay", ms: longerMs * times, share: longerPart, on },
  ];
  switch (behaviour.is) {
    case "normal":
      return { requests: normal(1) };
    case "slow":
      return { requests: normal(behaviour.times) };
    case "fails":
      return {
        requests: [{ kind: "reply", status: 503, body: unavailable, share: behaviour.part, on }, ...normal(1)],
      };
    case "hangs":
      return { requests: [{ kind: "silence", on }] };
    case "stalls":
      return { requests: [{ kind: "delay", ms: stallMs, share: behaviour.part, on }, ...normal(1)] };
  }
}

const unavailable = JSON.stringify({ error: { type: "unavailable", reason: "the node refuses" }, status: 503 });
