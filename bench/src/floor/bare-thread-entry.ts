// The thread of bare-thread.ts.
import { parentPort, workerData } from "node:worker_threads";
import { dispatch, overBarePools } from "./bare-pool.js";

/** id, index and body of each request of one turn. */
export type BareRequests = (number | string)[];
/** id, status and body of each answer: a small one as text, the buffer of another is transferred. */
export type BareAnswers = (number | string | Uint8Array)[];

const textMaxBytes = 8_192;
const { next } = overBarePools(workerData as readonly string[]);
const answers: BareAnswers = [];
const transfer: ArrayBuffer[] = [];

function flush(): void {
  parentPort?.postMessage(answers, transfer);
  answers.length = 0;
  transfer.length = 0;
}

function answered(id: number, body: Buffer): void {
  if (answers.length === 0) setImmediate(flush);
  if (body.length <= textMaxBytes) return void answers.push(id, 200, body.toString("latin1"));
  const { buffer } = body;
  answers.push(id, 200, body);
  transfer.push(buffer as ArrayBuffer);
}

parentPort?.on("message", (requests: BareRequests) => {
  for (let at = 0; at < requests.length; at += 3) {
    const [id, index, body] = [requests[at] as number, requests[at + 1] as string, requests[at + 2] as string];
    void dispatch(next(), index, body, (answer) => answered(id, answer));
  }
});
