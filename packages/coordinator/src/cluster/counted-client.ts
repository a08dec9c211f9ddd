import type { ControlClient, ControlRequest, ControlResponse } from "./control-client.js";
import type { Endpoint } from "./endpoint.js";
import { sniffPath } from "./sniff.js";

/** What the coordinator of a process asks nodes: whether they answer, and for their list. */
const clusterRequestKinds = ["probe", "sniff"] as const;
/** How nodes answered: by the hundred of the status, or not at all. */
const clusterRequestResults = ["2xx", "3xx", "4xx", "5xx", "failed"] as const;

/** How many requests of one kind had one result, since the process began. */
export interface ClusterRequestCount {
  readonly kind: (typeof clusterRequestKinds)[number];
  readonly result: (typeof clusterRequestResults)[number];
  readonly count: number;
}

/** Counts what passes through another client, and changes nothing. */
export class CountedClient implements ControlClient {
  private readonly counted = new Map<string, number>();

  constructor(private readonly client: ControlClient) {}

  async request(endpoint: Endpoint, request: ControlRequest): Promise<ControlResponse> {
    const response = await this.client.request(endpoint, request);
    const key = `${request.path === sniffPath ? "sniff" : "probe"} ${resultOf(response)}`;
    this.counted.set(key, (this.counted.get(key) ?? 0) + 1);
    return response;
  }

  keepOnly(addresses: ReadonlySet<string>): void {
    this.client.keepOnly(addresses);
  }

  close(): Promise<void> {
    return this.client.close();
  }

  /** One entry for each kind and result, those that never occurred too. */
  counts(): readonly ClusterRequestCount[] {
    return clusterRequestKinds.flatMap((kind) =>
      clusterRequestResults.map((result) => ({ kind, result, count: this.counted.get(`${kind} ${result}`) ?? 0 })),
    );
  }
}

function resultOf(response: ControlResponse): ClusterRequestCount["result"] {
  if (response.kind === "failed") return "failed";
  return clusterRequestResults[Math.floor(response.status / 100) - 2] ?? "failed";
}
