import {
  type Attributes,
  type Context,
  propagation,
  type Span,
  SpanKind,
  type TextMapSetter,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import { present } from "@rollcall/core";
import { isHeaderName, isHeaderValue } from "@rollcall/core/config";
import type { SettledRequest } from "@rollcall/worker";
import type { BegunRequest } from "@rollcall/worker/tracing";
import { peerAttributes } from "./address-attributes.js";
import { AttributesCache } from "./attributes-cache.js";
import type { CalledOperation } from "./called-operation.js";
import { endSpan } from "./end-span.js";
import type { KnownCluster, PoolAttributes } from "./pool-attributes.js";
import { queryText } from "./query-text.js";

/** Begins the client spans of a pool's requests: docs/tracing.md lists what they hold. */
export class RequestSpans {
  private readonly cache = new AttributesCache<KnownCluster>();

  constructor(
    private readonly tracer: Tracer,
    private readonly pool: PoolAttributes,
    /** URLs and the text of queries are in the spans. */
    private readonly details: boolean,
  ) {}

  begin(request: BegunRequest, operation: CalledOperation, caller: Context): RequestSpan {
    const { name, collection } = operation;
    const { cluster } = this.pool;
    const key = `${request.method} ${request.class} ${name} ${collection}`;
    const cached = this.cache.get(cluster, key, () => this.attributesOf(request, operation, cluster));
    const attributes = { ...cached };
    const text = this.details ? queryText(name, request.body) : undefined;
    if (text !== undefined) attributes["db.query.text"] = text;

    const target = collection ?? this.pool.serverName;
    const spanName = name === undefined ? target : `${name} ${target}`;
    const span = this.tracer.startSpan(spanName, { kind: SpanKind.CLIENT, attributes }, caller);
    return new RequestSpan(span, caller, this.pool, this.details ? request.path : undefined);
  }

  private attributesOf({ method, class: requestClass }: BegunRequest, called: CalledOperation, cluster: KnownCluster) {
    const attributes: Attributes = present({
      "db.system.name": cluster.system,
      "db.operation.name": called.name,
      "db.collection.name": called.collection,
      "db.namespace": cluster.name,
      "http.request.method": method,
      "rollcall.request.class": requestClass,
    });
    return { ...attributes, ...this.pool.server };
  }
}

/** One span, and the headers that name it to the node. */
export class RequestSpan {
  readonly context: Context;
  readonly headers: string[] = [];
  readonly traceId: string | undefined;

  constructor(
    private readonly span: Span,
    caller: Context,
    private readonly pool: PoolAttributes,
    private readonly shownPath: string | undefined,
  ) {
    this.context = trace.setSpan(caller, span);
    const spanContext = span.spanContext();
    if (trace.isSpanContextValid(spanContext)) this.traceId = spanContext.traceId;
    propagation.inject(this.context, this.headers, headerSetter);
  }

  end(settled: SettledRequest, nodeUrl: string | undefined): void {
    if (this.span.isRecording()) {
      const { node } = settled;
      if (node !== undefined) this.span.setAttributes(this.pool.cluster.nodes.get(node) ?? peerAttributes(node));
      if (this.shownPath !== undefined && nodeUrl !== undefined) {
        this.span.setAttribute("url.full", `${nodeUrl}${this.shownPath}`);
      }
    }
    endSpan(this.span, settled);
  }
}

const headerSetter: TextMapSetter<string[]> = {
  set(headers, name, value) {
    const lower = name.toLowerCase();
    if (isHeaderName(lower) && isHeaderValue(value)) headers.push(lower, value);
  },
};
