import { RollcallError } from "@rollcall/worker";

const discovery = "the pool finds the nodes: createPool({ discovery })";
const byPool = "the pool chooses, probes and returns to nodes by itself; nothing takes its place";
const seam = "the pool takes its place";

/** The options of a client that belong to the pool, and the place of each. */
const places = {
  node: "createPool({ nodes })",
  nodes: "createPool({ nodes })",
  cloud: "createPool({ nodes, auth }), with the URL of the endpoint",
  auth: "createPool({ auth }); for a part of the calls, client.child({ auth })",
  tls: "createPool({ tls })",
  ssl: "createPool({ tls })",
  caFingerprint: "createPool({ tls: { caFingerprint } })",
  agent: "createPool({ connections })",
  proxy: "the pool connects to the nodes themselves; nothing takes its place",
  sniffOnStart: discovery,
  sniffInterval: discovery,
  sniffOnConnectionFault: discovery,
  sniffEndpoint: discovery,
  nodeFilter: byPool,
  nodeSelector: byPool,
  pingTimeout: byPool,
  resurrectStrategy: byPool,
  retryOnTimeout: "`requestTimeout` is one time for the whole request, retries included",
  Connection: seam,
  ConnectionPool: seam,
} as const;

export type RefusedOption = keyof typeof places;

/**
 * Values that mean "off" are allowed: a client on a pool has each of these off.
 *
 * @throws {RollcallError} `CONFIG` with one line for each option that belongs to the pool
 */
export function refuseOptions(options: object): void {
  const given = options as Readonly<Record<string, unknown>>;
  const lines = Object.entries(places)
    .filter(([name]) => given[name] !== undefined && given[name] !== null && given[name] !== false)
    .map(([name, place]) => `${name}: belongs to the pool, not to the client: ${place}`);
  if (lines.length > 0) throw new RollcallError("CONFIG", lines.join("\n"));
}
