/** Where a credential that changes comes from: a function, or a file. */
export interface CredentialSource {
  /** The value of the `authorization` header; undefined until a function has first given a credential. */
  readonly header: string | undefined;
  /** Resolves once `header` is known, or could not be found out for now. Never rejects. */
  start(): Promise<void>;
  /** A node has refused `header`: looks for another, as soon as the source may be asked. Resolves then; never rejects. */
  ask(): Promise<void>;
  /** Calls `listener` each time `header` is another. */
  onChange(listener: () => void): void;
  close(): void;
}
