import {
  type ControlClient,
  type ControlRequest,
  type ControlResponse,
  clientClosed,
  type Endpoint,
  failedResponse,
  notRunning,
  repeatsMax,
} from "@rollcall/coordinator";
import { isInTime } from "@rollcall/core/health";
import type { Reply, SearchCluster } from "./search-cluster.js";
import type { SimProcess } from "./sim-process.js";

/** One request and its result, as a watch sees it. */
export interface Asked {
  readonly process: string;
  readonly address: string;
  readonly fresh: boolean;
  readonly isList: boolean;
}

export interface AskWatch {
  asked(asked: Asked): void;
  answered(asked: Asked, outcome: "reached" | "failed" | "void"): void;
}

/**
 * Asks the nodes of the simulated cluster, with the promises of the real one: a deadline passed while stopped is void.
 */
export class SimControlClient implements ControlClient {
  private isClosed = false;

  constructor(
    private readonly process: SimProcess,
    private readonly cluster: Pick<SearchCluster, "ask">,
    private readonly watch: AskWatch,
  ) {}

  async request(endpoint: Endpoint, question: ControlRequest): Promise<ControlResponse> {
    const { address } = endpoint;
    const asked = { process: this.process.name, address, fresh: question.fresh, isList: question.path !== "/" };
    this.watch.asked(asked);
    for (let repeats = 0; !this.isClosed; repeats++) {
      const answer = await this.once(address, question);
      if (answer === "not-running") {
        if (repeats < repeatsMax) continue;
        this.watch.answered(asked, "void");
        return failedResponse(notRunning, "no answer, and this process was hardly running");
      }
      this.watch.answered(asked, answer.kind === "answered" ? "reached" : "failed");
      return answer;
    }
    this.watch.answered(asked, "void");
    return failedResponse(clientClosed, "discovery is closed");
  }

  keepOnly(): void {}

  async close(): Promise<void> {
    this.isClosed = true;
  }

  private once(address: string, question: ControlRequest): Promise<ControlResponse | "not-running"> {
    const { process } = this;
    return new Promise((resolve) => {
      const dueMs = process.nowMs() + question.timeoutMs;
      const cancel = process.after(question.timeoutMs, () => {
        const inTime = isInTime(dueMs, process.nowMs());
        // One turn of the loop: what has arrived is read before it is judged.
        process.after(0, () => {
          resolve(!inTime ? "not-running" : failedResponse("ERR_TIMEOUT", `no answer within ${question.timeoutMs} ms`));
        });
      });
      this.cluster.ask(process, address, question.path, (reply) => {
        cancel();
        resolve(answerOf(reply));
      });
    });
  }
}

function answerOf(reply: Reply): ControlResponse {
  if (reply.kind === "refused") return failedResponse("ECONNREFUSED", "connection refused");
  return { kind: "answered", status: 200, body: Buffer.from(reply.body) };
}
