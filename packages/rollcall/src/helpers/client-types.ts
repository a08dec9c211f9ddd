import type { PoolResponse } from "@rollcall/worker";
import type { SearchHit } from "./hits-types.js";

/**
 * What an official client's types say of its calls, without an import of the client: it may be any that is installed,
 * under any name. Of a function with several forms TypeScript reads the last one, which is the most general of each.
 */
type Parts<Call> = Call extends (...given: infer Given) => infer Result ? readonly [Given, Result] : never;

/** What the client's call takes. */
export type RequestOf<Call> =
  Parts<Call> extends readonly [readonly [(infer Request)?, ...(readonly unknown[])], unknown]
    ? Exclude<Request, undefined>
    : never;

/** What the cluster answers: what the client resolves to, calls back with, or has as `body` of either. */
export type AnswerOf<Call> =
  Parts<Call> extends readonly [infer Given, infer Result]
    ? Given extends readonly [unknown, unknown, (error: never, result: infer Called) => unknown]
      ? BodyOf<Called>
      : BodyOf<Awaited<Result>>
    : never;

type BodyOf<Result> = Result extends { readonly body: infer Body; readonly statusCode?: unknown } ? Body : Result;

/** An answer whose hits hold such documents. */
export type WithDocument<Answer, Document> = Answer extends { readonly hits: { readonly hits: readonly (infer Hit)[] } }
  ? Omit<Answer, "hits"> & { hits: Omit<Answer["hits"], "hits"> & { hits: HitOf<Hit, Document>[] } }
  : unknown extends Answer
    ? UntypedSearch<Document>
    : Answer;

/** Of clients whose calls leave the answer to the caller: version 7 of Elasticsearch's, and 2 of OpenSearch's. */
type UntypedSearch<Document> = Record<string, unknown> & { hits: { hits: SearchHit<Document>[] } };

type HitOf<Hit, Document> = Omit<Hit, "_source"> & { _source?: Document };

/** As {@link WithDocument}, for each search of several. */
export type WithDocuments<Answer, Document> = Answer extends { readonly responses: readonly (infer One)[] }
  ? Omit<Answer, "responses"> & { responses: WithDocument<One, Document>[] }
  : unknown extends Answer
    ? { responses: UntypedSearch<Document>[] }
    : Answer;

/** The calls of a client that have typed requests. */
export interface ClientCalls {
  search: unknown;
  bulk: unknown;
  msearch: unknown;
}

/** Requests and answers as the types of a client have them. Any status is an answer, as for `pool.request`. */
export interface TypedRequests<Client extends ClientCalls, Settings> {
  /** `POST /{index}/_search` */
  search<Document = unknown>(
    request: RequestOf<Client["search"]>,
    settings?: Settings,
  ): Promise<PoolResponse<WithDocument<AnswerOf<Client["search"]>, Document>>>;
  /** `POST /{index}/_msearch` */
  msearch<Document = unknown>(
    request: RequestOf<Client["msearch"]>,
    settings?: Settings,
  ): Promise<PoolResponse<WithDocuments<AnswerOf<Client["msearch"]>, Document>>>;
  /** `POST /{index}/_bulk`: one request, whose items may have failed. `bulk` of this package sends any number. */
  bulk(request: RequestOf<Client["bulk"]>, settings?: Settings): Promise<PoolResponse<AnswerOf<Client["bulk"]>>>;
}
