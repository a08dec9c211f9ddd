import { requestToSign, type Signature, type Signer } from "@rollcall/coordinator/cluster";
import type { Timers } from "@rollcall/core";
import type { TableReader } from "../table/reader.js";
import type { AttemptHandler } from "./attempt.js";
import { isBodySource, type SentBody } from "./body-source.js";
import type { NodePool } from "./node-pool.js";
import type { PackedRequest } from "./packed-body.js";
import type { DispatchedRequest } from "./pending-request.js";

/** A hook that takes more of the time that a request has left has failed, and is named, before the request times out. */
const partOfTime = 0.9;

/** What becomes of an attempt whose signature has come or failed. */
export interface SigningOwner {
  /** Sends the attempt, signed. Its place is free again. */
  send(request: DispatchedRequest<AttemptHandler>, pool: NodePool<AttemptHandler>, sent: PackedRequest): void;
  /** Its node is gone, or is another one now: a signature for it is worth nothing at the next. */
  sendAgain(request: DispatchedRequest<AttemptHandler>): void;
  failed(request: DispatchedRequest<AttemptHandler>, problem: string): void;
  /** A place at a node is free that was taken before this turn. */
  freed(): void;
}

/**
 * The step between the choice of a node and the attempt there, where requests are signed. An attempt that waits for its
 * signature has its place at the node, so that limits hold, but has not begun: the node owes it nothing, so it neither
 * stalls nor is slow meanwhile.
 */
export class Signing {
  constructor(
    private readonly signer: Signer,
    private readonly reader: TableReader,
    private readonly timers: Timers,
    private readonly owner: SigningOwner,
  ) {}

  begin(
    request: DispatchedRequest<AttemptHandler>,
    pool: NodePool<AttemptHandler>,
    headers: readonly string[],
    body: SentBody,
  ): void {
    const { slot, generation, endpoint } = pool;
    const bytes = typeof body === "string" ? Buffer.from(body, "utf8") : body;
    const state = { kind: "signing", leave: () => this.reader.leave(slot, pool.isCurrent) } as const;
    this.reader.reserve(slot);
    request.state = state;

    const ended = (signature: Signature): void => {
      // It was cancelled, which has freed the place.
      if (request.state !== state) return;
      state.leave();
      const isThere = pool.isCurrent && pool.generation === generation;
      if (signature.kind === "failed") this.owner.failed(request, signature.problem);
      else if (!isThere) this.owner.sendAgain(request);
      else this.owner.send(request, pool, { headers: [...headers, ...signature.added], body: bytes });
    };
    const { method, path, deadlineMs } = request.prepared;
    const sent = { method, path: endpoint.pathPrefix + path, headers, body: signedBody(bytes) };
    const withinMs = partOfTime * (deadlineMs - this.timers.nowMs());
    const signature = this.signer.sign(requestToSign(endpoint, sent), withinMs);
    if (!(signature instanceof Promise)) return ended(signature);
    void signature.then((came) => {
      ended(came);
      this.owner.freed();
    });
  }
}

/** A source is read only as it is sent. */
function signedBody(body: Exclude<SentBody, string>): Uint8Array | null | undefined {
  return isBodySource(body) ? undefined : (body ?? null);
}
