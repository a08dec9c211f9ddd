import type { Logger, Timers } from "@rollcall/core";
import { parseSecretFile, type SecretConfig } from "@rollcall/core/config";
import { ChangingFile, type FileContent } from "../cluster/changing-file.js";

/** The secrets of a view as they are now: the first seals, all verify. */
export interface ViewSecrets {
  readonly current: readonly string[];
  /** Calls `listener` each time they are others. */
  onChange(listener: () => void): void;
  /** A file is looked at every 2 s from now on, until `close`. */
  start(): void;
  close(): void;
}

const maxBytes = 65_536;

/**
 * Undefined where none are configured.
 *
 * @throws {RollcallError} `CONFIG` if the file cannot be used
 */
export function openViewSecrets(
  { secret, secretFile }: SecretConfig,
  timers: Timers,
  logger: Logger,
): ViewSecrets | undefined {
  if (secret !== undefined) return { current: secret, onChange: () => {}, start: () => {}, close: () => {} };
  if (secretFile === undefined) return undefined;
  const file = new ChangingFile({ option: "secretFile", path: secretFile, maxBytes, parse }, timers, logger);
  return {
    get current() {
      return file.content;
    },
    onChange: (listener) => void file.onChange(listener),
    start: () => file.start(),
    close: () => file.close(),
  };
}

function parse(bytes: Buffer): FileContent<readonly string[]> {
  const parsed = parseSecretFile(bytes.toString("utf8"));
  return "problem" in parsed ? { kind: "failed", ...parsed } : { kind: "usable", content: parsed.secrets };
}
