import { nameList } from "../../name-list.js";
import type { Change } from "../change.js";
import type { HttpOutcome, Observations, SeedObservation } from "../observations.js";

/** Credentials that are missing, refused, or lack a privilege; and those that anyone on the way can read. */
export function credentialChanges({ seeds, account }: Observations): readonly Change[] {
  const refused = seeds.filter(({ answers }) => statusOf(answers?.root) === 401);
  const missing = refused.filter(({ hasCredential }) => !hasCredential);
  const wrong = refused.filter(({ hasCredential }) => hasCredential);
  const noRoot = seeds.filter(({ answers }) => statusOf(answers?.root) === 403);
  const noList = seeds.filter(({ answers }) => [401, 403].includes(statusOf(answers?.local) ?? 0));
  const as = account === undefined ? "" : ` as ${account.user}`;
  const changes: readonly (readonly [readonly SeedObservation[], Pick<Change, "cause" | "problem" | "remedy">])[] = [
    [
      missing,
      {
        cause: "no-credential",
        problem: `${urls(missing)} asks for a credential (401), and none is configured.`,
        remedy:
          "Set `auth`: on this command line --username with the password in ROLLCALL_PASSWORD, --api-key or --bearer.",
      },
    ],
    [
      wrong,
      {
        cause: "credential",
        problem: `${urls(wrong)} does not accept the credential (401).`,
        remedy:
          "The user, key or token is unknown there, has ended, or its password is another. An API key is given in its " +
          "encoded form; a user of another realm or cluster does not count.",
      },
    ],
    [
      noRoot,
      {
        cause: "privilege",
        problem: `${urls(noRoot)} accepts the credential${as}, and does not let it ask for the node's name (GET /: 403).`,
        remedy: privilege,
      },
    ],
    [
      noList,
      {
        cause: "privilege",
        problem: `${urls(noList)} accepts the credential${as}, and does not let it read the list of nodes (GET /_nodes/http).`,
        remedy: `${privilege} Without it a pool stays on its configured nodes.`,
      },
    ],
  ];
  const found = changes
    .filter(([group]) => group.length > 0)
    .map(([group, change]) => ({ ...change, isFault: true, stopsAll: group.length === seeds.length }));
  return [...found, ...clearText(seeds)];
}

const privilege =
  "Give its role the cluster privilege monitor in Elasticsearch, or cluster:monitor/main and cluster:monitor/nodes/info " +
  "in OpenSearch.";

function clearText(seeds: readonly SeedObservation[]): readonly Change[] {
  const open = seeds.filter(({ scheme, hasCredential, name, host }) => {
    const addresses = name === undefined || name.kind === "failed" ? [host] : name.addresses;
    return scheme === "http" && hasCredential && !addresses.every(isOwnMachine);
  });
  if (open.length === 0) return [];
  return [
    {
      ...{ cause: "clear-text", isFault: false, stopsAll: false },
      problem: `The credential goes to ${urls(open)} in clear text.`,
      remedy: "Turn TLS on at the nodes and write https:// in `nodes`, unless the network is protected otherwise.",
    },
  ];
}

function isOwnMachine(address: string): boolean {
  return address.startsWith("127.") || address === "::1";
}

function statusOf(outcome: HttpOutcome | undefined): number | undefined {
  return outcome?.kind === "answered" ? outcome.status : undefined;
}

function urls(group: readonly SeedObservation[]): string {
  return nameList(group.map(({ url }) => url));
}
