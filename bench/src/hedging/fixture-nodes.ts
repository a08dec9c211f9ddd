import { type MeasuredProcess, startMeasured } from "../measured-process.js";
import type { NodeOrder, NodeReport } from "./node-server.js";
import { nodeTerms } from "./terms.js";

export interface FixtureTerms {
  /** Places before the workers of each node. Default 1,000. */
  readonly queueMax?: number;
  /** Searches whose client has gone are worked on all the same. */
  readonly cancelsNothing?: boolean;
}

/** Three nodes with workers, each a process. */
export class FixtureNodes implements AsyncDisposable {
  private constructor(
    private readonly nodes: readonly MeasuredProcess<NodeOrder, NodeReport>[],
    readonly urls: readonly string[],
  ) {}

  static async start({ queueMax = 1_000, cancelsNothing = false }: FixtureTerms): Promise<FixtureNodes> {
    const nodes: MeasuredProcess<NodeOrder, NodeReport>[] = [];
    for (let at = 1; at <= nodeTerms.nodes; at++) {
      const parameters = [String(queueMax), cancelsNothing ? "no" : "yes", String(at)];
      nodes.push(await startMeasured(new URL("node-server.js", import.meta.url), parameters));
    }
    const reports = await Promise.all(nodes.map((node) => node.run({})));
    return new FixtureNodes(
      nodes,
      reports.map(({ port }) => `http://127.0.0.1:${port}`),
    );
  }

  get first(): MeasuredProcess<NodeOrder, NodeReport> {
    const [first] = this.nodes;
    if (first === undefined) throw new Error("there is no node");
    return first;
  }

  async all(order: NodeOrder): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.run(order)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
  }
}
