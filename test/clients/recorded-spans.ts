import { AsyncLocalStorage } from "node:async_hooks";
import { type Span, type SpanOptions, type TracerProvider, trace } from "@opentelemetry/api";

/** A span of OpenTelemetry, as far as a client fills it. */
export interface RecordedSpan {
  readonly name: string;
  readonly kind: unknown;
  readonly attributes: Record<string, unknown>;
  readonly exceptions: { readonly name: string; readonly message: string }[];
  status?: unknown;
  hasEnded: boolean;
}

const lists = new AsyncLocalStorage<RecordedSpan[]>();

/** Runs `make`, and records into `spans` those that clients begin meanwhile on its behalf. */
export function recordSpans<T>(spans: RecordedSpan[], make: () => T): T {
  return lists.run(spans, make);
}

/** In the one way in which the clients begin a span. */
function startActiveSpan(name: string, options: SpanOptions, _context: unknown, run: (span: Span) => unknown): unknown {
  const recorded: RecordedSpan = {
    ...{ name, kind: options.kind, attributes: { ...options.attributes } },
    ...{ exceptions: [], hasEnded: false },
  };
  lists.getStore()?.push(recorded);
  return run(spanOf(recorded));
}

function spanOf(recorded: RecordedSpan): Span {
  const span = {
    setAttribute: (name: string, value: unknown) => span.setAttributes({ [name]: value }),
    setAttributes(attributes: object) {
      Object.assign(recorded.attributes, attributes);
      return span;
    },
    setStatus(status: unknown) {
      recorded.status = status;
      return span;
    },
    recordException({ name, message }: Error) {
      recorded.exceptions.push({ name, message });
    },
    end() {
      recorded.hasEnded = true;
    },
  };
  return span as unknown as Span;
}

// All versions of the clients in the process share what is set here.
trace.setGlobalTracerProvider({ getTracer: () => ({ startActiveSpan }) } as unknown as TracerProvider);

/** As data that two nodes have in common. */
export function plainSpan({ attributes, ...span }: RecordedSpan): object {
  const { "server.port": port, "url.full": url, ...others } = attributes;
  const isOfUrl = url === undefined ? undefined : new URL(String(url)).port === String(port);
  return { ...span, attributes: { ...others, "url.full": url, "server.port is the URL's": isOfUrl } };
}
