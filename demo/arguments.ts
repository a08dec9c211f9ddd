import { parseArgs } from "node:util";
import { present } from "@rollcall/core";
import { defaultSeconds, secondsMax, secondsMin } from "./pace.js";

/** What the command line asks for. */
export type Choice =
  | { readonly kind: "help" }
  /** The command line is wrong; `message` says why. */
  | { readonly kind: "problem"; readonly message: string }
  /** The demo starts a cluster: OpenSearch where it can, or fixture nodes. `fixture`: fixture nodes in any case. */
  | { readonly kind: "own"; readonly fixture: boolean; readonly seconds?: number }
  /** An existing cluster, which the demo only reads. */
  | {
      readonly kind: "given";
      readonly nodes: readonly string[];
      readonly auth?: { readonly username: string; readonly password: string };
      readonly seconds?: number;
    };

export const helpText = `npm run demo [-- options]

Searches a cluster of three nodes from two replicas, each a process with two
threads. One coordinator process watches the cluster for both and shares its
view over Redis. The demo kills a node, then Redis, then the coordinator, and
restarts each. It prints when every replica saw each change and how the searches
fared. Takes about 90 s. Without redis-server on the PATH it runs one pool in
one process, kills only the node and takes about a minute. With a JDK (17 or
newer) and Maven the nodes are OpenSearch, otherwise small fixture nodes. At its
end the demo stops every process it started and removes every file it wrote.

  --fixture        use fixture nodes even where OpenSearch is available
  --nodes URL,URL  use an existing cluster: the demo only reads it, slowly, and
                   kills no node. User and password stand percent-encoded in
                   the URL, or in ROLLCALL_USERNAME and ROLLCALL_PASSWORD, which
                   do not show in the list of processes. For a private
                   certificate authority, set NODE_EXTRA_CA_CERTS.
  --seconds N      about how long the searches go on, ${secondsMin} to ${secondsMax}. Default:
                   ${defaultSeconds.fleet} with redis-server, ${defaultSeconds.onePool} without. Failover may take longer.
  --help           print this text

Exit code: 0 if no search failed, 1 if a search failed or the demo could not run
to its end, 2 for wrong options. Ctrl-C ends the demo early, with the summary.
`;

/** A problem's message names the option, never its value, which may hold a password. */
export function readArguments(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): Choice {
  let values: ReturnType<typeof parse>["values"];
  try {
    values = parse(argv).values;
  } catch (error) {
    return problem(whyUnreadable(error));
  }
  if (values.help === true) return { kind: "help" };

  const seconds = values.seconds === undefined ? undefined : Number(values.seconds);
  if (seconds !== undefined && !isAllowed(seconds)) {
    return problem(`--seconds must be a whole number from ${secondsMin} to ${secondsMax}`);
  }
  if (values.nodes === undefined) return present({ kind: "own" as const, fixture: values.fixture === true, seconds });

  if (values.fixture === true) return problem("--nodes and --fixture exclude each other");
  const nodes = values.nodes.split(",").map((url) => url.trim());
  if (nodes.some((url) => url === "")) return problem("--nodes must be one or more URLs, separated by commas");
  const { ROLLCALL_USERNAME: username, ROLLCALL_PASSWORD: password } = env;
  if ((username === undefined) !== (password === undefined)) {
    return problem("ROLLCALL_USERNAME and ROLLCALL_PASSWORD go together: set both or neither");
  }
  const auth = username === undefined || password === undefined ? undefined : { username, password };
  return present({ kind: "given" as const, nodes, auth, seconds });
}

/** An empty text reads as 0, which is not allowed either. */
function isAllowed(seconds: number): boolean {
  return Number.isInteger(seconds) && seconds >= secondsMin && seconds <= secondsMax;
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
  // Node's message quotes the argument, which may be the second URL of a list with a space in it.
  if (code === "ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL") {
    return "every argument must belong to an option; a list of URLs has commas and no spaces";
  }
  return message.split("\n")[0] ?? message;
}

function problem(message: string): Choice {
  return { kind: "problem", message };
}
