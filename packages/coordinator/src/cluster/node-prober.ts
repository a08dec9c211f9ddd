import { setImmediate as nextTurn } from "node:timers/promises";
import { Semaphore, type Timers } from "@rollcall/core";
import { fixed } from "@rollcall/core/config";
import { addressOf, type NodeRecord } from "@rollcall/core/view";
import type { ClusterAccess } from "./access.js";
import type { ControlClient } from "./control-client.js";
import { type Probe, probe } from "./probe.js";

export interface NodeProberParts {
  readonly access: Pick<ClusterAccess, "reach">;
  readonly controlClient: ControlClient;
  readonly timers: Timers;
}

/** `sent`: a request went out. Without one, the probe is `denied` and says nothing about the network. */
export interface NodeProbe {
  readonly probe: Probe;
  readonly sent: boolean;
}

/** Of nodes that have answered before. */
const probesAtOnce = 64;
/** Of nodes that have not: bounds the handshakes of the first view of a large cluster. */
const firstProbesAtOnce = 32;
/** Of those, how many may start in one turn of the event loop: each costs a new connection. */
const firstProbesPerTurn = 4;
/** A probe may take this many times as long as the last one that was answered. */
const slownessAllowed = 3;

/**
 * Probes the nodes of one cluster: at most 64 at once that have answered before, and 32 that have not; further probes
 * wait in order. So a list of thousands of nodes that never answer does not delay the probes of the others. Nor does it
 * hold up requests: only a few of its probes start in one turn.
 *
 * A node that answered slowly gets more time at its next probe: a slow node is not down. Before its first answer it
 * gets the most. Every probe resolves, and none rejects.
 */
export class NodeProber {
  /** How long the last answered probe of each address took. */
  private readonly tookMs = new Map<string, number>();
  private readonly places = new Semaphore(probesAtOnce);
  private readonly firstPlaces = new Semaphore(firstProbesAtOnce);
  private readonly starts = new TurnPace(firstProbesPerTurn);
  private closed = false;

  constructor(private readonly parts: NodeProberParts) {}

  /** `pinnedUuid` is read when the request goes out, which may be later. */
  probe(node: NodeRecord, fresh: boolean, pinnedUuid: () => string | undefined): Promise<NodeProbe> {
    const isFirst = !this.tookMs.has(addressOf(node));
    const places = isFirst ? this.firstPlaces : this.places;
    return places.run(async () => {
      while (isFirst && !this.closed && !this.starts.tryTake()) await this.starts.refilled;
      const { access, controlClient, timers } = this.parts;
      if (this.closed) return notSent("the cluster monitor is closed");
      const reach = access.reach(node);
      if (reach.kind === "refused") return notSent(reach.reason);
      const startedAtMs = timers.nowMs();
      const timeoutMs = this.timeoutMs(node);
      const result = await probe(controlClient, reach.endpoint, { pinnedUuid: pinnedUuid(), timeoutMs, fresh });
      if (result.outcome !== "unreachable") this.tookMs.set(addressOf(node), timers.nowMs() - startedAtMs);
      return { probe: result, sent: true };
    });
  }

  /** How long a probe of the node may take. */
  timeoutMs(node: NodeRecord): number {
    const { probeTimeoutMs, probeTimeoutMaxMs } = fixed;
    const tookMs = this.tookMs.get(addressOf(node));
    if (tookMs === undefined) return probeTimeoutMaxMs;
    return Math.min(probeTimeoutMaxMs, Math.max(probeTimeoutMs, slownessAllowed * tookMs));
  }

  /** Forgets all other addresses, and closes their kept connections. */
  keepOnly(addresses: ReadonlySet<string>): void {
    this.parts.controlClient.keepOnly(addresses);
    for (const address of this.tookMs.keys()) if (!addresses.has(address)) this.tookMs.delete(address);
  }

  /** Sends nothing more. Probes in flight end by their own deadline, or when the control client is closed. */
  close(): void {
    this.closed = true;
  }
}

/** Hands out so many starts in each turn of the event loop. */
class TurnPace {
  private taken = 0;
  /** Resolves when there are starts again. */
  refilled: Promise<void> = Promise.resolve();

  constructor(private readonly perTurn: number) {}

  tryTake(): boolean {
    if (this.taken === this.perTurn) return false;
    if (this.taken++ === 0) {
      this.refilled = nextTurn().then(() => {
        this.taken = 0;
      });
    }
    return true;
  }
}

function notSent(reason: string): NodeProbe {
  return { probe: { outcome: "denied", reason }, sent: false };
}
