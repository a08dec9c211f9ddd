import type { Timers } from "@rollcall/core";
import { AttemptHandler } from "./attempt.js";
import type { AttemptOwner } from "./attempt-owner.js";
import type { AttemptRecord } from "./attempt-record.js";
import { isBodySource, type SentBody, streamOf } from "./body-source.js";
import type { NodePool } from "./node-pool.js";
import type { DispatchedRequest } from "./pending-request.js";
import { sendWithoutRepeated } from "./repeated-headers.js";

export interface AttemptStartsOptions {
  readonly timers: Timers;
  /** This thread's clock for how long something took: it stands still while the thread does not run. */
  readonly ranMs: (nowMs: number) => number;
}

/** How an attempt begins: it is made, its request takes note of it, and it goes to a connection of its node. */
export class AttemptStarts {
  constructor(
    private readonly options: AttemptStartsOptions,
    private readonly record: AttemptRecord,
    private readonly owner: AttemptOwner<AttemptHandler>,
  ) {}

  make(
    request: DispatchedRequest<AttemptHandler>,
    pool: NodePool<AttemptHandler>,
    nowMs = this.options.timers.nowMs(),
  ): AttemptHandler {
    return new AttemptHandler(request, pool, nowMs, this.options.ranMs(nowMs), this.owner);
  }

  begin(attempt: AttemptHandler, headers: readonly string[], body: SentBody): void {
    const { request, pool } = attempt;
    this.record.begun(attempt);
    const { method, path } = request.prepared;
    const options = {
      method,
      path: pool.endpoint.pathPrefix + path,
      headers: headers as string[],
      body: isBodySource(body) ? streamOf(body, attempt) : (body ?? null),
      // Left to itself, undici closes the connection after every HEAD, and every GET with a body.
      reset: false,
    };
    if (request.context === undefined) pool.send(options, attempt);
    else request.context(() => sendWithoutRepeated(options.headers, () => pool.send(options, attempt)));
  }
}
