import { type OwnedSearch, ownedSearchOf } from "@rollcall/core/request";
import { ReceivedHead } from "../api/response-head.js";
import { isBodySource, type SentBody } from "../dispatch/body-source.js";
import type {
  AnswerHead,
  Claim,
  PendingRequest,
  PreparedRequest,
  RequestOwner,
  Result,
  Sender,
  StreamingAnswer,
} from "../dispatch/sender.js";
import { idInBody, idInHeaders } from "./answer-id.js";
import { BindingTable } from "./binding-table.js";
import { lostSearch } from "./lost-search.js";
import { WatchedSource } from "./watched-source.js";

/** A body of more bytes holds no id of a search alone, and is not read. */
const bodyMaxBytes = 1_048_576;

/** The sender itself where all nodes have one user: `words` is undefined. */
export function withBindings(
  sender: Pick<Sender, "start">,
  words: Int32Array | undefined,
  nowMs: () => number,
): Pick<Sender, "start"> {
  return words === undefined ? sender : new BindingSender(sender, new BindingTable(words, nowMs));
}

/**
 * Sends a request that goes on with a search of its user to the node that opened the search. For pools whose nodes have
 * different users: another node's user would get 404, and the search would be lost for its own, too.
 *
 * A request that brings a credential of its own is the same user everywhere: it is left alone.
 */
export class BindingSender implements Pick<Sender, "start"> {
  constructor(
    private readonly sender: Pick<Sender, "start">,
    private readonly table: BindingTable,
  ) {}

  start(request: PreparedRequest, owner: RequestOwner, claim?: Claim): PendingRequest {
    const owned = request.settings?.hasOwnAuth === true ? undefined : ownedSearchOf(...partsOf(request));
    if (owned === undefined) return this.sender.start(request, owner, claim);
    const node = this.nodeFor(request, owned);
    const noting: RequestOwner = {
      settle: (result) => owner.settle(this.settled(owned, node, result)),
      streaming: (answer) => owner.streaming?.(this.streams(owned, answer)),
    };
    return this.sender.start(node === undefined ? request : bound(request, node), noting, claim);
  }

  /** Undefined where the search is not known here, and where the request names a node itself. */
  private nodeFor({ settings }: PreparedRequest, { id }: OwnedSearch): string | undefined {
    return id === undefined || settings?.node !== undefined ? undefined : this.table.nodeOf(id);
  }

  private settled(owned: OwnedSearch, node: string | undefined, result: Result): Result {
    if (result.kind === "failed") return node === undefined ? result : lostSearch(owned.what, node, result);
    if (isGood(result)) {
      const { headers } = new ReceivedHead(result);
      this.note(owned, result.node, [idInBody(result.body, headers), idInHeaders(headers)]);
    }
    return result;
  }

  private streams(owned: OwnedSearch, answer: StreamingAnswer): StreamingAnswer {
    if (!isGood(answer)) return answer;
    const inHeaders = idInHeaders(new ReceivedHead(answer).headers);
    this.note(owned, answer.node, [inHeaders]);
    return { ...answer, source: new WatchedSource(answer.source, (id) => this.note(owned, answer.node, [id])) };
  }

  /** @param found the ids in the answer of that node */
  private note({ id: before, keepAliveMs, closes }: OwnedSearch, node: string, found: readonly (string | undefined)[]) {
    if (closes) return before === undefined ? undefined : this.table.forget(before);
    for (const id of new Set([before, ...found])) if (id !== undefined) this.table.note(id, node, keepAliveMs);
  }
}

function isGood({ status }: AnswerHead): boolean {
  return status >= 200 && status < 300;
}

function partsOf({ method, path, body }: PreparedRequest) {
  return [method, path, () => textOf(body)] as const;
}

/** What streams is read once, by its node. */
function textOf(body: SentBody): string {
  if (typeof body === "string") return body.length <= bodyMaxBytes ? body : "";
  if (body === undefined || isBodySource(body) || body.byteLength > bodyMaxBytes) return "";
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8");
}

function bound(request: PreparedRequest, node: string): PreparedRequest {
  return { ...request, reroutable: false, settings: { ...request.settings, node } };
}
