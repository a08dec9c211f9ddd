import { setImmediate as nextTurn } from "node:timers/promises";
import { runInTurns, type Steps } from "@rollcall/core";
import {
  type Decoded,
  decodeMarksInSteps,
  decodeTopologyInSteps,
  digestOf,
  type Head,
  type HistoryEntry,
  type Marks,
  type RedisKeys,
  type Topology,
  viewLimits,
} from "@rollcall/core/view";
import type { RedisClient } from "./redis-clients.js";
import type { RedisConnection } from "./redis-connection.js";
import type { RedisWarnings } from "./redis-warnings.js";
import type { ViewCodec } from "./view-codec.js";

/** A document as it was read: absent, refused for a reason that has been logged or needs no log line, or decoded. */
export type ReadDocument<Value> = { readonly value: Value } | "absent" | "refused";

export interface ReadDocuments {
  readonly head: ReadDocument<Head>;
  /**
   * Decodes on demand: most reads find documents that are known already. "other": it has another digest than this one,
   * and so belongs to another head.
   */
  readonly marks: (digest: string | undefined) => Promise<ReadDocument<Marks> | "other">;
  readonly topology: (digest: string | undefined) => Promise<ReadDocument<Topology> | "other">;
}

type DocumentName = "head" | "marks" | "topology" | "history";

/** Reads and decodes the documents of a view. Bounded: no more than a document may have is ever fetched. */
export class RedisDocuments {
  constructor(
    private readonly client: RedisClient,
    private readonly connection: RedisConnection,
    private readonly keys: RedisKeys,
    private readonly warnings: RedisWarnings,
    private readonly codec: ViewCodec,
  ) {}

  /** @throws RollcallError `REDIS` */
  async readHead(): Promise<ReadDocument<Head>> {
    const bytes = await this.connection.ask(() => this.get("head", viewLimits.headMaxBytes));
    return this.decode("head", bytes, (head) => this.codec.decodeHead(head));
  }

  /** Reads the head and the documents in one round trip. @throws RollcallError `REDIS` */
  async read(withTopology: boolean): Promise<ReadDocuments> {
    const { headMaxBytes, documentMaxBytes } = viewLimits;
    const [head, marks, topology] = await this.connection.ask(() =>
      Promise.all([
        this.get("head", headMaxBytes),
        this.get("marks", documentMaxBytes),
        withTopology ? this.get("topology", documentMaxBytes) : new Uint8Array(),
      ]),
    );
    return {
      head: this.decode("head", head, (bytes) => this.codec.decodeHead(bytes)),
      marks: (digest) => this.decodeInTurns("marks", marks, digest, decodeMarksInSteps),
      topology: (digest) => this.decodeInTurns("topology", topology, digest, decodeTopologyInSteps),
    };
  }

  /** @throws RollcallError `REDIS` */
  async readHistory(): Promise<ReadDocument<readonly HistoryEntry[]>> {
    const bytes = await this.connection.ask(() => this.get("history", viewLimits.historyMaxBytes));
    return this.decode("history", bytes, (history) => this.codec.decodeHistory(history));
  }

  /** One byte more than allowed shows that a value is too long. Undefined if the key holds no string. */
  private async get(name: DocumentName, maxBytes: number): Promise<Uint8Array | undefined> {
    try {
      return await this.client.getrangeBuffer(this.keys[name], 0, maxBytes);
    } catch (error) {
      if (error instanceof Error && error.message.startsWith("WRONGTYPE")) return undefined;
      throw error;
    }
  }

  /** Other work of the thread goes on between the steps. */
  private async decodeInTurns<Value>(
    name: DocumentName,
    bytes: Uint8Array | undefined,
    digest: string | undefined,
    steps: (bytes: Uint8Array) => Steps<Decoded<Value>>,
  ): Promise<ReadDocument<Value> | "other"> {
    if (isOther(bytes, digest)) return "other";
    const decoded =
      bytes === undefined || bytes.byteLength === 0 ? undefined : await runInTurns(steps(bytes), nextTurn);
    return this.decode(name, bytes, () => decoded);
  }

  private decode<Value>(
    name: DocumentName,
    bytes: Uint8Array | undefined,
    decode: (bytes: Uint8Array) => Decoded<Value> | undefined,
  ): ReadDocument<Value> {
    if (bytes?.byteLength === 0) return "absent";
    const decoded = bytes === undefined ? { problem: "is not a string" } : decode(bytes);
    if (decoded === undefined) return "refused";
    if ("problem" in decoded) {
      this.warnings.refused(name, decoded.problem);
      return "refused";
    }
    // A head is usable only if its epoch is plausible, too: see `RedisViewReader`.
    if (name !== "head") this.warnings.clear(name);
    return decoded;
  }
}

function isOther(document: Uint8Array | undefined, digest: string | undefined): boolean {
  if (document === undefined || document.byteLength === 0 || digest === undefined) return false;
  return digestOf(document) !== digest;
}
