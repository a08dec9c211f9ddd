/** One call of a client, as data: the same for every version, as far as its family has it. */
export interface Call {
  /** What the report calls it; one of its kind. */
  readonly name: string;
  /** The method of the client, such as `indices.create`. Absent: `transport.request(request)`. */
  readonly api?: string;
  /** Parts of the path and of the query: parameters in every version. */
  readonly parameters?: Readonly<Record<string, unknown>>;
  /** The body: spread over the parameters in versions 8 and 9, `body` in the others. */
  readonly body?: object | string | readonly object[];
  readonly request?: Readonly<Record<string, unknown>>;
  /** One of the client's helpers, with its options. */
  readonly helper?: string;
  readonly options?: Readonly<Record<string, unknown>>;
  /** Made by a child of the client with these options. */
  readonly child?: Readonly<Record<string, unknown>>;
  /** Before it is made, or once the node has it. */
  readonly abort?: "before" | "sent";
  /** A call that has not ended by then is recorded as one that waits. */
  readonly patienceMs?: number;
  /** The body goes out as a stream. */
  readonly isStreamed?: true;
  readonly family?: "modern" | "classic";
}
