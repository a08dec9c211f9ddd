import { redactConfig, redactRedis, redactSecrets } from "@rollcall/core/config";
import type { Heartbeat, HistoryEntry, View } from "@rollcall/core/view";
import type { Change } from "../doctor/change.js";
import { judgeObservations } from "../doctor/doctor-verdict.js";
import { findChanges } from "../doctor/find-changes.js";
import type { Observations } from "../doctor/observations.js";
import type { ViewSnapshot } from "../read-snapshot.js";
import { showStatus } from "../show-status.js";
import { reportStatus, type StatusReport } from "../status-report.js";
import { plain } from "../text-layout.js";
import type { BundleRequest } from "./bundle-options.js";

/** Which programs were at work where the bundle was made. */
export interface BundleVersions {
  readonly rollcall: string;
  readonly node: string;
  readonly platform: string;
}

/**
 * All that a bug report needs, as JSON data. It holds no secret: the configuration is redacted, and neither views nor
 * heartbeats hold any. It does hold addresses, and names of nodes, hosts and users.
 */
export interface Bundle {
  readonly format: 1;
  /** ISO 8601, by the clock of this machine. */
  readonly madeAt: string;
  readonly versions: BundleVersions;
  /** As it was given to the command; of a cluster only with nodes. */
  readonly configuration: object;
  /** What `rollcall status` shows, line by line. */
  readonly statusText: readonly string[];
  readonly status: StatusReport;
  /** As it is in Redis; null if it could not be read. */
  readonly view: View | null;
  /** Of all replicas that answered. */
  readonly heartbeats: readonly Heartbeat[];
  /** Oldest first; null if there is none. */
  readonly history: readonly HistoryEntry[] | null;
  /** Null without nodes. */
  readonly doctor: {
    readonly verdict: string;
    readonly changes: readonly Change[];
    readonly observations: Observations;
  } | null;
}

export interface BundleParts {
  readonly request: Pick<BundleRequest, "place" | "config">;
  readonly snapshot: ViewSnapshot;
  readonly observations: Observations | undefined;
  readonly versions: BundleVersions;
  readonly wallNowMs: number;
}

export function makeBundle({ request, snapshot, observations, versions, wallNowMs }: BundleParts): Bundle {
  const { place, config } = request;
  const { seen, heartbeats } = snapshot.status;
  const status = reportStatus(snapshot.status);
  return {
    format: 1,
    madeAt: new Date(wallNowMs).toISOString(),
    versions,
    configuration: {
      name: place.name,
      redis: redactRedis(place.redis),
      ...redactSecrets(place),
      ...(config === undefined ? {} : redactConfig(config)),
    },
    statusText: showStatus(status, plain).trimEnd().split("\n"),
    status,
    view: seen.kind === "view" ? seen.view : null,
    heartbeats,
    history: snapshot.history ?? null,
    doctor: observations === undefined ? null : doctorPart(observations),
  };
}

function doctorPart(observations: Observations): Bundle["doctor"] {
  const changes = findChanges(observations);
  return { verdict: judgeObservations(observations, changes).text, changes, observations };
}
