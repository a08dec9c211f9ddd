import { parseArgs } from "node:util";
import { fleetSeconds } from "./fleet-story.js";
import { aloneSeconds } from "./story.js";

/** What the command line asks for. */
export type Choice =
  | { readonly kind: "help" }
  /** It cannot be followed; `message` says why. */
  | { readonly kind: "problem"; readonly message: string }
  /** A cluster of our own: the real engine where there is one, or fixture nodes in any case. */
  | { readonly kind: "own"; readonly fixture: boolean; readonly seconds?: number }
  /** A cluster that is somebody's: it is read, and nothing else. */
  | {
      readonly kind: "given";
      readonly nodes: readonly string[];
      readonly auth?: { readonly username: string; readonly password: string };
      readonly seconds?: number;
    };

const seconds = { min: 15, max: 90 };

export const helpText = `npm run demo [-- options]

Searches a cluster of three nodes from two replicas, each a process with two
threads. One coordinator, a process too, watches the cluster for all of them and
shares what it sees over a Redis of its own. Kills a node, then Redis, then the
coordinator, brings each back, and says when every replica knew, and what became
of the searches. Takes about 90 s. Without redis-server on the PATH there is one
pool, in one process, and only the node is killed: about a minute. With a JDK
(17 or newer) and Maven the nodes are OpenSearch, else small fixture nodes. All
that it starts is ended, and all that it writes is removed, when it ends.

  --fixture        fixture nodes, even where OpenSearch could be had
  --nodes URL,URL  your own cluster instead: it is read, slowly, and no node is
                   killed. A user and password may stand in the URL, percent-
                   encoded, or in ROLLCALL_USERNAME and ROLLCALL_PASSWORD, which
                   no list of processes shows. For a certificate authority of
                   your own, set NODE_EXTRA_CA_CERTS.
  --seconds N      about how long the searches go on: ${seconds.min} to ${seconds.max}; default
                   ${fleetSeconds} with redis-server, else ${aloneSeconds}. What takes its time takes it.
  --help           this

Ends with 0 if no search failed, 1 if one did or it could not be shown, 2 for
options that make no sense. Ctrl-C ends it early, with the summary.
`;

/** Reads the command line. A problem's message names the option, never the value: that may hold a password. */
export function readArguments(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): Choice {
  let values: ReturnType<typeof parse>["values"];
  try {
    values = parse(argv).values;
  } catch (error) {
    return problem(whyUnreadable(error));
  }
  if (values.help === true) return { kind: "help" };

  const asked = values.seconds === undefined ? {} : { seconds: Number(values.seconds) };
  if (asked.seconds !== undefined && (values.seconds?.trim() === "" || !isWithin(asked.seconds))) {
    return problem(`--seconds must be a whole number from ${seconds.min} to ${seconds.max}`);
  }
  if (values.nodes === undefined) return { kind: "own", fixture: values.fixture === true, ...asked };

  if (values.fixture === true) return problem("--nodes and --fixture exclude each other");
  const nodes = values.nodes.split(",").map((url) => url.trim());
  if (nodes.some((url) => url === "")) return problem("--nodes must be one or more URLs, separated by commas");
  const { ROLLCALL_USERNAME: username, ROLLCALL_PASSWORD: password } = env;
  if ((username === undefined) !== (password === undefined)) {
    return problem("ROLLCALL_USERNAME and ROLLCALL_PASSWORD go together: set both or neither");
  }
  return {
    kind: "given",
    nodes,
    ...(username === undefined || password === undefined ? {} : { auth: { username, password } }),
    ...asked,
  };
}

function isWithin(wanted: number): boolean {
  return Number.isInteger(wanted) && wanted >= seconds.min && wanted <= seconds.max;
}

function parse(argv: readonly string[]) {
  return parseArgs({
    args: [...argv],
    options: {
      fixture: { type: "boolean" },
      nodes: { type: "string" },
      seconds: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
}

function whyUnreadable(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  // Its own message quotes the argument, which may be the second URL of a list with a space in it.
  if (code === "ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL") {
    return "every argument belongs to an option; a list of URLs has commas and no spaces";
  }
  return message.split("\n")[0] ?? message;
}

function problem(message: string): Choice {
  return { kind: "problem", message };
}
