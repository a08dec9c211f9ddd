/** The `code` of an error of Node or of a library, such as `ECONNREFUSED`; undefined if it has none. */
export function errorCodeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/**
 * The message of an error; `unknown failure` for anything else that was thrown. May hold a secret if a library wrote
 * it.
 */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : "unknown failure";
}
