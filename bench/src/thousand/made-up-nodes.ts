import type { ControlClient, ControlRequest, ControlResponse, Endpoint } from "@rollcall/coordinator";
import { failedResponse } from "@rollcall/coordinator";

export const nodeCount = 50;
const uuid = "a-thousand-replicas";
const numbers = Array.from({ length: nodeCount }, (_, at) => at + 1);

/** By number, from 1: an address that nothing is sent to. */
export const addressOfNode = (number: number): string => `10.0.0.${number}:9200`;
export const keyOfNode = (number: number): string => `node-${number}@${addressOfNode(number)}`;

const list = JSON.stringify({
  cluster_name: "bench",
  nodes: Object.fromEntries(
    numbers.map((number) => [
      `node-${number}`,
      {
        ...{ name: `search-data-${number}`, roles: ["data_content", "data_hot", "ingest"], version: "9.1.0" },
        http: { publish_address: addressOfNode(number) },
      },
    ]),
  ),
});
const root = JSON.stringify({ cluster_name: "bench", cluster_uuid: uuid, version: { number: "9.1.0" } });

/** A search cluster without a socket: its nodes answer probes and sniffs at once, but those that are said to be dead. */
export class MadeUpNodes implements ControlClient {
  dead: ReadonlySet<number> = new Set();

  async request({ address }: Endpoint, { path }: ControlRequest): Promise<ControlResponse> {
    if (this.isDead(address)) return failedResponse("ECONNREFUSED", "connection refused");
    return { kind: "answered", status: 200, body: Buffer.from(path === "/" ? root : list) };
  }

  isDead(address: string): boolean {
    return [...this.dead].some((number) => addressOfNode(number) === address);
  }

  keepOnly(): void {}

  async close(): Promise<void> {}
}
