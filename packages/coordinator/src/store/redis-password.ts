import type { Logger, Timers } from "@rollcall/core";
import { bounds, contentOfFile, type RedisConfig, type RedisPasswordConfig } from "@rollcall/core/config";
import { ChangingFile, type FileContent } from "../cluster/changing-file.js";
import { givenBy } from "../given-value.js";
import { problemError } from "./redis-problem.js";

/** The password of Redis, which a file or a function gives and which may be another for each connection. */
export interface RedisPassword {
  /** That of the next connection; undefined: none. */
  readonly current: string | undefined;
  /** Before a connection is opened. @throws RollcallError `REDIS`, for people, if there is no password to use */
  renew(): Promise<void>;
  /** Redis has refused `current`. */
  refused(): void;
}

/** Undefined where the password stands in the options. @throws {RollcallError} `CONFIG` if its file cannot be used */
export function openRedisPassword(redis: RedisConfig, timers: Timers, logger: Logger): RedisPassword | undefined {
  const given: RedisPasswordConfig | undefined = redis.kind === "url" ? undefined : redis.password;
  if (given === undefined) return undefined;
  return given.kind === "file" ? new FilePassword(given.path, timers, logger) : new GivenPassword(given.give, timers);
}

class FilePassword implements RedisPassword {
  private readonly file: ChangingFile<string>;

  constructor(path: string, timers: Timers, logger: Logger) {
    const maxBytes = bounds.secretCharacters.max;
    this.file = new ChangingFile({ option: "redis.passwordFile", path, maxBytes, parse: passwordIn }, timers, logger);
  }

  get current(): string {
    return this.file.content;
  }

  async renew(): Promise<void> {
    await this.file.reread();
  }

  refused(): void {
    // Each connection reads the file.
  }
}

/** A function that takes longer has failed; its later answer is ignored. */
const givenWithinMs = 10_000;
/** So long a password serves further connections, unless Redis refuses it. */
const keptMs = 10_000;

/** One call runs at a time. If a call fails, the password before stays in use until Redis refuses it. */
class GivenPassword implements RedisPassword {
  private password: string | undefined;
  private state: "none" | "given" | "refused" = "none";
  private givenMs = 0;
  private running: Promise<void> | undefined;

  constructor(
    private readonly give: () => unknown,
    private readonly timers: Timers,
  ) {}

  get current(): string | undefined {
    return this.password;
  }

  async renew(): Promise<void> {
    if (this.state === "given" && this.timers.nowMs() - this.givenMs < keptMs) return;
    this.running ??= this.ask().finally(() => {
      this.running = undefined;
    });
    await this.running;
  }

  refused(): void {
    if (this.state === "given") this.state = "refused";
  }

  private async ask(): Promise<void> {
    const given = await givenBy(this.give, givenWithinMs, this.timers);
    if (given.ok && isPassword(given.value)) {
      this.password = given.value;
      this.state = "given";
      this.givenMs = this.timers.nowMs();
    } else if (this.state !== "given") {
      const problem = given.ok ? "it gave no text" : given.problem;
      throw problemError(`the function given as \`password\` failed (${problem})`);
    }
  }
}

function isPassword(value: unknown): value is string | undefined {
  return value === undefined || (typeof value === "string" && value !== "");
}

function passwordIn(bytes: Buffer): FileContent<string> {
  const content = contentOfFile(bytes.toString("utf8"));
  return content === "" ? { kind: "failed", problem: "is empty" } : { kind: "usable", content };
}
