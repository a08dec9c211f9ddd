import { type Logger, logEvent } from "@rollcall/core";
import type { PoolConfig } from "@rollcall/core/config";
import {
  connectionHeartbeat,
  nextOwnShare,
  type OwnShare,
  shareAtStart,
  shareOfOwnThreads,
} from "@rollcall/core/connections";
import type { ConnectionShares, HeldConnections } from "@rollcall/core/view";
import type { TableTotals } from "../table/totals.js";
import type { TableWriter } from "../table/writer.js";

export interface ConnectionShareParts {
  readonly config: Pick<PoolConfig, "redis" | "threads"> & { readonly connections: { readonly fleetPerNode?: number } };
  readonly replica: string;
  readonly table: { readonly writer: TableWriter; readonly totals: Pick<TableTotals, "mostConnections"> };
  readonly logger: Logger;
}

/** What a pool shows of its connection budget. */
export interface ConnectionShareStatus {
  /** The budget of all processes together: the smallest that one of them has, as far as the leader has said. */
  readonly fleetPerNode: number;
  /** How many connections to one node each thread of this process may have now. */
  readonly perThread: number;
  /** False: it has only the smaller share of a process that has just started. */
  readonly isAdmitted: boolean;
}

/**
 * One process's part of the connection budget of its fleet, in the node table, where every thread reads it. Without a
 * shared view the process has the whole budget. Without a leader the last share stays.
 */
export class ConnectionShare {
  private own: OwnShare;
  private newest: ConnectionShares | undefined;
  private lowered = () => {};

  constructor(
    private readonly fleetPerNode: number,
    private readonly parts: ConnectionShareParts,
  ) {
    const { config, table, logger } = parts;
    const threads = Math.max(1, config.threads);
    this.own = config.redis === undefined ? shareOfOwnThreads(fleetPerNode, threads) : shareAtStart;
    table.writer.limitConnections(this.own.perThread);
    if (config.redis !== undefined || threads <= fleetPerNode) return;
    const text = `connections.fleetPerNode is ${fleetPerNode}, and ${threads} threads share it: each keeps one`;
    logEvent(logger, "connections.over-budget", { fleetPerNode, threads }, text);
  }

  /** Undefined without the option. */
  static of(parts: ConnectionShareParts): ConnectionShare | undefined {
    const { fleetPerNode } = parts.config.connections;
    return fleetPerNode === undefined ? undefined : new ConnectionShare(fleetPerNode, parts);
  }

  /** Obeys what a shared view says. */
  follow(shares: ConnectionShares | undefined): void {
    const before = this.own;
    this.newest = shares ?? this.newest;
    this.own = nextOwnShare(before, shares, this.parts.replica);
    if (this.own.perThread !== before.perThread) this.parts.table.writer.limitConnections(this.own.perThread);
    if (this.own.perThread < before.perThread) this.lowered();
  }

  /** Calls `listener`, one alone, each time this process has come to obey a smaller share: others wait for it. */
  onLowered(listener: () => void): void {
    this.lowered = listener;
  }

  heartbeat(): HeldConnections {
    return connectionHeartbeat(this.own, this.fleetPerNode, this.parts.table.totals.mostConnections);
  }

  get status(): ConnectionShareStatus {
    const { perThread, isAdmitted } = this.own;
    return { fleetPerNode: this.newest?.fleetPerNode ?? this.fleetPerNode, perThread, isAdmitted };
  }
}
