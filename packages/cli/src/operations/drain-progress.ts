import { compareVersions, type Heartbeat, type Version } from "@rollcall/core/view";

/** How far a drain is, by the heartbeats of all replicas. */
export interface DrainProgress {
  /** Requests in flight at the node, on the replicas that obey the drain. */
  readonly inFlight: number;
  /** Replicas that send requests and obey the drain. */
  readonly replicas: number;
  /** Replicas that send requests and have not said that they obey it: `host (pid)`. */
  readonly behind: readonly string[];
  /** Replicas that the leader has heartbeats of, and this process does not. */
  readonly missing: number;
}

/**
 * @param node by its `nodeKey`
 * @param marks the first version that has the drain
 * @param counted how many replicas there are, by the leader's count
 */
export function drainProgress(
  node: string,
  marks: Version,
  heartbeats: readonly Heartbeat[],
  counted: number,
): DrainProgress {
  const senders = heartbeats.filter(({ role }) => role !== "coordinator");
  const obeying = senders.filter(({ view, load }) => {
    return view !== undefined && compareVersions(view.marks, marks) >= 0 && load !== undefined;
  });
  const inFlight = obeying
    .flatMap(({ load }) => load?.nodes ?? [])
    .filter((load) => isSameNode(load.node, node))
    .reduce((sum, load) => sum + load.inFlight, 0);
  return {
    inFlight,
    replicas: obeying.length,
    behind: senders.filter((one) => !obeying.includes(one)).map(({ host, pid }) => `${host} (pid ${pid})`),
    missing: Math.max(0, counted - heartbeats.length),
  };
}

/** Whether nothing is left at the node. */
export function isDrained({ inFlight, behind, missing }: DrainProgress): boolean {
  return inFlight === 0 && behind.length === 0 && missing === 0;
}

const namedMax = 3;

/** `0 in flight on 12 replicas`, and which have not said so. */
export function progressText({ inFlight, replicas, behind, missing }: DrainProgress): string {
  const more = behind.length - namedMax;
  const named = `${behind.slice(0, namedMax).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
  const silent = missing === 0 ? "" : `; no heartbeat of ${missing} more`;
  return `${inFlight} in flight on ${counted(replicas)}${behind.length === 0 ? "" : `; not known of ${named}`}${silent}`;
}

function counted(replicas: number): string {
  return `${replicas} ${replicas === 1 ? "replica" : "replicas"}`;
}

/** By its id, where that is known, or by its address: a drain holds for either. */
function isSameNode(a: string, b: string): boolean {
  const [one, other] = [a, b].map((key) => ({
    id: key.slice(0, key.indexOf("@")),
    address: key.slice(key.indexOf("@") + 1),
  }));
  return (
    one !== undefined &&
    other !== undefined &&
    ((one.id !== "" && one.id === other.id) || one.address === other.address)
  );
}
