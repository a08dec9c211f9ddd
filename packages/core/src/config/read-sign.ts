import type { Seed } from "./config.js";
import type { Place, Problems } from "./problems.js";
import type { SignConfig, SignHook } from "./sign.js";

/** The hook that signs requests: a function, or the module that has it. */
export function readSign(place: Place, problems: Problems): SignConfig | undefined {
  const { value } = place;
  if (value === undefined) return undefined;
  if (typeof value === "function") return { kind: "function", hook: value as SignHook };
  if (value instanceof URL) return { kind: "module", module: value.href };
  const isPlace = typeof value === "string" && /^(?:file:\/\/|\/|[A-Za-z]:[\\/])/.test(value);
  if (isPlace && (!value.startsWith("file:") || URL.canParse(value))) return { kind: "module", module: value };
  problems.add(place, "must be a function, or the URL or the absolute path of a module that exports one by default");
  return undefined;
}

/** Two kinds of credentials at once would both set the header `authorization`. */
export function refuseSignWithAuth(auth: Place, seeds: readonly Seed[], problems: Problems): void {
  const ofNode = seeds.findIndex((seed) => seed.auth !== undefined);
  const names = [
    ...(auth.value === undefined ? [] : ["auth"]),
    ...(ofNode === -1 ? [] : [`the credential of nodes[${ofNode}]`]),
  ];
  if (names.length === 0) return;
  problems.remark("sign", `must not be given together with ${names.join(" and ")}: requests are signed instead`);
}

/** A function stays in its own thread. */
export function refuseSignFunction(sign: SignConfig | undefined, threads: number, problems: Problems): void {
  if (sign?.kind !== "function" || threads === 0) return;
  const allowed = "give the URL of a module that exports it by default, or set `threads: 0`";
  problems.remark("sign", `is a function, and cannot run in the ${threads} worker threads that send: ${allowed}`);
}
