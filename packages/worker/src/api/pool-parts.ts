import { randomUUID } from "node:crypto";
import {
  ClusterAccess,
  createRedisStore,
  HttpControlClient,
  openRedisPassword,
  openSigner,
  openViewSecrets,
  RenewingClient,
  systemTimers,
} from "@rollcall/coordinator";
import { boundLogger, type Logger, present } from "@rollcall/core";
import { usersDiffer } from "@rollcall/core/access";
import { fixed, type PoolConfig } from "@rollcall/core/config";
import { type NodeRecord, nodeKey, type View } from "@rollcall/core/view";
import { withBindings } from "../bindings/binding-sender.js";
import { createBindingWords } from "../bindings/binding-table.js";
import { Cluster } from "../cluster-state/cluster.js";
import { ConnectionShare } from "../cluster-state/connection-share.js";
import { IncidentMeter } from "../cluster-state/incident-cost.js";
import { createNodeTable } from "../cluster-state/node-table.js";
import { ControlProber } from "../cluster-state/prober.js";
import { ViewSource } from "../cluster-state/view-source.js";
import { RecentTraffics } from "../table/recent-traffic.js";
import { Tasks } from "../threads/tasks.js";
import { Activity } from "./activity.js";
import { ClusterEvents } from "./cluster-events.js";
import { Deadlines } from "./deadlines.js";
import { PoolEmitter } from "./pool-events.js";
import { requestDefaults } from "./prepare-request.js";
import { Readiness } from "./readiness.js";
import { recentLoad } from "./recent-load.js";
import { Requests } from "./requests.js";
import { openSender } from "./senders.js";
import { PoolStatus } from "./status.js";
import { ThreadStatuses } from "./thread-statuses.js";

/**
 * Whether the cluster has shown which one it is. A managed one may not say, nor one whose nodes are looked up: there it is
 * enough that an address answers.
 */
function isIdentified({ topology, marks }: View, { discoveryOff }: PoolConfig): boolean {
  if (topology.clusterUuid !== undefined || topology.source === "dns") return true;
  const answers = (node: NodeRecord) => marks.nodes[nodeKey(node)] === undefined;
  return discoveryOff?.kind === "managed" && topology.nodes.some(answers);
}

/** What a pool is made of, as its public face uses it. */
export interface PoolParts {
  readonly emitter: PoolEmitter;
  readonly activity: Activity;
  readonly readiness: Readiness;
  readonly status: Pick<PoolStatus, "nodes" | "stats">;
  readonly requests: Requests;
  readonly tasks: Tasks;
  /** Ends what is left, at once. Always resolves. */
  close(): Promise<void>;
}

/** Makes the parts of a pool, connects them, and begins to look for the cluster. */
export function openPoolParts(config: PoolConfig, given: Logger): PoolParts {
  const replica = randomUUID();
  const { redis, name } = config;
  const logger = redis === undefined ? given : boundLogger(given, { view: name, replica });
  const timers = systemTimers;
  const { nowMs } = timers;
  const random = Math.random;
  const wallNowMs = Date.now;
  const activity = new Activity();
  const emitter = new PoolEmitter(logger);
  const access = new ClusterAccess(config, timers, logger);
  const protect = () => access.protectCredentials();
  // Before anything is started that a file that is missing would leave behind.
  const password = redis === undefined ? undefined : openRedisPassword(redis, timers, logger);
  const secrets = openViewSecrets(config, timers, logger);
  const signer = openSigner(config, timers, logger);
  const { connectTimeoutMs } = fixed;
  const http = new HttpControlClient({ timers, wallNowMs, connectTimeoutMs, signer: () => signer });
  const controlClient = new RenewingClient(http, () => access, timers);
  const bindings = usersDiffer(config) ? createBindingWords() : undefined;
  const table = createNodeTable({ slots: fixed.slotsMax, threads: Math.max(1, config.threads) });
  const { totals, penalties } = table;
  const traffics = new RecentTraffics(table.words, table.layout, totals, timers, () => {
    const { requests, failed } = activity.totals;
    const ofThreads = totals.ofThreads;
    return { requests: requests + ofThreads.requests, failed: failed + ofThreads.failed };
  });
  const meter = new IncidentMeter(() => {
    const { retries, reroutes, writeWaits, failed } = totals.ofThreads;
    return { retries, reroutes, writeWaits, failed: failed + activity.totals.failed };
  }, nowMs);
  const events = new ClusterEvents(emitter, logger, meter);
  const { progress } = events;
  const connectionShare = ConnectionShare.of({ config, replica, table, logger });
  const hedgeDelays = new Map<string, number>();
  const common = { config, timers, random, logger };

  const cluster = new Cluster({
    ...{
      ...common,
      table,
      access,
      listener: events,
      seeds: config.seeds,
      selection: config.selection,
      connectionShare,
    },
    prober: new ControlProber(controlClient, access),
    openSender: (observer) =>
      openSender({
        ...{ ...common, table, signer, bindings, observer, hedgeDelays, progress, wallNowMs },
        credentialGiven: protect,
      }),
    openView: (state, opened) => {
      const statuses = new ThreadStatuses(config.threads, opened, state, totals, activity);
      return new ViewSource({
        ...{ ...common, access, controlClient, cluster: state, replica, meter, connectionShare },
        openStore: (options) => createRedisStore({ ...options, password, secrets }),
        workload: {
          threads: () => statuses.threads(),
          answered: () => statuses.answered(),
          load: () => recentLoad({ state, sender: opened.sender, totals, traffics }),
          requests: () => statuses.requests(),
        },
      });
    },
  });
  const { state, opened, view } = cluster;
  const { sender, threading } = opened;
  const threads = new ThreadStatuses(config.threads, opened, state, totals, activity);

  const deadlines = new Deadlines(nowMs);
  const requests = new Requests({
    ...{ deadlines, nowMs, protect, defaults: requestDefaults(config), count: activity.countRequest },
    sender: withBindings(sender, bindings, nowMs),
    observer: emitter,
  });
  const tasks = new Tasks({
    ...{ threads: threading?.threads, deadlines, nowMs, count: activity.countTask },
    request: (request) => requests.request(request),
  });
  const status = new PoolStatus({
    ...{ state, view, sender, activity, totals, penalties, traffics, threads, connectionShare },
    ...present({ hedgeDelays: config.hedge === false ? undefined : hedgeDelays }),
    clock: timers,
  });
  const readiness = new Readiness(() => {
    const { noneSelected } = state;
    const isVerified = state.view !== undefined && isIdentified(state.view, config) && noneSelected === undefined;
    const problem = view.problem ?? noneSelected;
    return { isVerified, isUp: sender.isUp, problem, threadProblem: threading?.problem, signProblem: signer?.problem };
  }, progress);
  void signer?.loaded.then(() => progress.emit());

  void access.start();
  cluster.start();
  traffics.start();
  return {
    ...{ emitter, activity, readiness, status, requests, tasks },
    async close() {
      tasks.close();
      await Promise.allSettled([sender.destroy(), cluster.close(), controlClient.close()]);
      await threading?.threads.destroy();
      deadlines.close();
      traffics.close();
      access.close();
      // Sockets that were destroyed just now give their handles back in the next turns of the loop; TLS takes two.
      for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    },
  };
}
