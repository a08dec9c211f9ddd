import type { ConnectionExamination, ConnectionStep, NameExamination, RedisExamination } from "@rollcall/coordinator";
import type { Freshness } from "@rollcall/core/view";
import type { Findings } from "../findings.js";

/**
 * All that `rollcall doctor` has seen, as plain data without secrets. Foreign texts are bounded, but may hold what a
 * terminal obeys. What was not finished when the time was over, or at an interruption, is absent.
 */
export interface Observations {
  /** The clock of this machine, in milliseconds since 1970. */
  readonly atMs: number;
  /** "late", "interrupted": some of it is missing. */
  readonly end: "complete" | "late" | "interrupted";
  /** In the order given. */
  readonly seeds: readonly SeedObservation[];
  /** What a sniff through the same seeds found; its seeds are in the same order. */
  readonly findings: Findings;
  /** Of the listed nodes that the host policy refuses, at most 32: whether their addresses accept a connection. */
  readonly refused: readonly RefusedNode[];
  readonly account?: AccountObservation;
  /** Absent without `--redis`. */
  readonly redis?: RedisObservation;
}

export interface RefusedNode {
  /** As the cluster lists it. */
  readonly id: string;
  readonly tcp: ConnectionStep;
}

export interface SeedObservation {
  /** `scheme://host:port` and the path prefix; never a user. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly scheme: "http" | "https";
  readonly pathPrefix: string;
  readonly hasCredential: boolean;
  /** Whether the configuration names the authorities to trust, or pins one. */
  readonly hasAuthority: boolean;
  /** Over https, and the configuration lets any certificate pass. */
  readonly unverified?: true;
  readonly name?: NameExamination;
  /** One for each address of the name, at most eight; those that were not finished are missing. */
  readonly connections: readonly ConnectionExamination[];
  readonly answers?: SeedAnswers;
}

/** A status, or the code of what came in its place. */
export type HttpOutcome =
  | { readonly kind: "answered"; readonly status: number }
  | { readonly kind: "failed"; readonly code: string; readonly reason: string };

/** What a seed answered to requests with the configured credential. */
export interface SeedAnswers {
  /** Of `GET /`. */
  readonly root: HttpOutcome;
  /** Of `GET /_nodes/_local/http`, which needs the privilege of the list; absent where `root` is no 200. */
  readonly local?: HttpOutcome;
  readonly product?: "elasticsearch" | "opensearch";
  /** Of the node that answered, on each of several new connections. */
  readonly nodeIds: readonly string[];
  /** The clock at the other end minus ours, to the second; absent where no answer says it. */
  readonly clockAheadMs?: number;
}

/** Who the credential is, by the first seed that says it. */
export interface AccountObservation {
  /** The seed that answered. */
  readonly url: string;
  readonly user: string;
  /** Such as `realm native`, `API key monitoring`. */
  readonly by?: string;
  readonly roles: readonly string[];
  /** Whether Elasticsearch says that it has the cluster privilege `monitor`; absent elsewhere. */
  readonly mayMonitor?: boolean;
}

export interface RedisObservation {
  /** Where, without secrets. */
  readonly at: string;
  /** Of the view. */
  readonly viewName: string;
  readonly configuredAs: "server" | "sentinel" | "cluster";
  readonly examination?: RedisExamination;
  /** Absent if Redis could not be read. */
  readonly view?: ViewObservation;
}

export type ViewObservation =
  | { readonly kind: "none" }
  | {
      readonly kind: "view";
      readonly freshness: Freshness | "released";
      readonly ageMs: number;
      readonly source: "sniff" | "dns" | "seeds";
      readonly nodes: number;
      readonly clusterUuid?: string;
      readonly clusterName?: string;
    };
