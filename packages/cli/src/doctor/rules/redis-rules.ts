import type { RedisExamination, RedisServerFacts } from "@rollcall/coordinator";
import type { Change } from "../change.js";
import type { Observations, RedisObservation } from "../observations.js";

type Connected = Extract<RedisExamination, { kind: "connected" }>;

const slowPingMs = 100;
/** RESP3 would do from 6.0; the scripts and messages need no more than this. */
const oldest = [6, 2] as const;

/** What is wrong with Redis as the place of a shared view, and with the view there. */
export function redisChanges({ redis, findings }: Observations): readonly Change[] {
  const examination = redis?.examination;
  if (redis === undefined || examination === undefined) return [];
  if (examination.kind === "away") return [awayChange(redis, examination.problem)];
  const ofKind = kindChanges(redis, examination.server);
  // It has none of the commands, and no view.
  if (examination.server.mode === "sentinel") return ofKind;
  return [
    ...ofKind,
    ...versionChanges(redis, examination.server),
    ...permissionChanges(redis, examination),
    ...memoryChanges(redis, examination.server),
    ...latencyChanges(redis, examination),
    ...viewChanges(redis, findings.list?.seed.clusterUuid),
  ];
}

/** Nothing of it stops requests. */
function fault(cause: Change["cause"], problem: string, remedy: string): Change {
  return { cause, isFault: true, stopsAll: false, problem, remedy };
}

function notice(cause: Change["cause"], problem: string, remedy: string): Change {
  return { cause, isFault: false, stopsAll: false, problem, remedy };
}

function awayChange({ at }: RedisObservation, problem: string): Change {
  return fault(
    "redis-away",
    `Redis cannot be used at ${at}: ${problem}.`,
    "Requests do not wait for it, but every process monitors the cluster for itself. Check the URL (redis:// or rediss://, " +
      "host, port, database), the user and password, and the network; docs/redis.md says what Rollcall needs.",
  );
}

function kindChanges({ at, configuredAs }: RedisObservation, { mode, role }: RedisServerFacts): readonly Change[] {
  if (mode === "sentinel") {
    const remedy = "Give `redis` as options with `sentinels: [{ host, port }]` and the `name` of the primary.";
    return [fault("redis-kind", `${at} is a Sentinel, which holds no data.`, remedy)];
  }
  if (role === "slave") {
    const remedy = "Give the address of the primary; or name the Sentinels, which follow it through a failover.";
    return [fault("redis-kind", `${at} is a replica of another Redis: no process can lead there.`, remedy)];
  }
  if (mode === "cluster" && configuredAs === "server") {
    const remedy = "Give `redis` as `{ cluster: [...] }` with several of its nodes.";
    return [fault("redis-kind", `${at} is a node of a Redis Cluster, and is configured as a single server.`, remedy)];
  }
  return [];
}

function versionChanges({ at }: RedisObservation, { version }: RedisServerFacts): readonly Change[] {
  const [major = Number.NaN, minor = 0] = (version ?? "").split(".").map(Number);
  const isOld = major < oldest[0] || (major === oldest[0] && minor < oldest[1]);
  if (!isOld) return [];
  return [fault("redis-version", `${at} is Redis ${version}.`, `Rollcall needs ${oldest.join(".")} or newer.`)];
}

function permissionChanges({ at, viewName }: RedisObservation, { permissions }: Connected): readonly Change[] {
  const refused = (use: "read" | "lead") =>
    permissions.filter((one) => one.use === use && one.state === "refused").map(({ what }) => what);
  const [reading, leading] = [refused("read"), refused("lead")];
  if (reading.length > 0) {
    return [
      {
        ...fault(
          "redis-permissions",
          `The user of ${at} lacks permissions that every process needs: ${reading.join(", ")}.`,
          "Set the user as below; the line for processes that may lead is in docs/redis.md.",
        ),
        paste: [readerRule(viewName)],
      },
    ];
  }
  if (leading.length === 0) return [];
  return [
    notice(
      "redis-permissions",
      `The user of ${at} may read the view and not lead: it lacks ${leading.join(", ")}.`,
      'That is right for pools with coordinator: "external". Processes that may lead need the second user of docs/redis.md.',
    ),
  ];
}

function readerRule(name: string): string {
  const commands = "+hello +auth +ping +info +time +getrange +unsubscribe +sunsubscribe";
  const channels = (...ends: readonly string[]) => ends.map((end) => `&{rollcall:${name}}:${end}`).join(" ");
  const receives = channels("events", "status-requests", "heartbeats");
  const sends = channels("heartbeats", "reports", "probe-results", "status-requests");
  const places = `%R~{rollcall:${name}}:* (+subscribe +ssubscribe ${receives}) (+publish +spublish ${sends})`;
  return `ACL SETUSER rollcall-replica on >PASSWORD resetkeys resetchannels -@all ${commands} ${places}`;
}

function memoryChanges({ at }: RedisObservation, server: RedisServerFacts): readonly Change[] {
  const { maxmemoryBytes = 0, usedMemoryBytes = 0, evictionPolicy = "" } = server;
  if (maxmemoryBytes === 0) return [];
  if (evictionPolicy.startsWith("allkeys-")) {
    const problem = `${at} may drop the view when it is full: its maxmemory-policy is ${evictionPolicy}.`;
    return [notice("redis-memory", problem, "Set maxmemory-policy to noeviction or to one of the volatile- policies.")];
  }
  if (usedMemoryBytes < 0.95 * maxmemoryBytes) return [];
  const problem = `${at} is full: it uses ${usedMemoryBytes} of ${maxmemoryBytes} bytes, and refuses writes (${evictionPolicy}).`;
  return [fault("redis-memory", problem, "Raise maxmemory, or take other data out: a view needs less than 2 MiB.")];
}

function latencyChanges({ at }: RedisObservation, { pingsMs }: Connected): readonly Change[] {
  const sorted = [...pingsMs].sort((a, b) => a - b);
  const medianMs = sorted[Math.floor(sorted.length / 2)] ?? 0;
  if (medianMs < slowPingMs) return [];
  const problem = `Redis at ${at} is far or slow: half of the PINGs took ${Math.round(medianMs)} ms or more.`;
  return [
    notice("redis-latency", problem, "A command that takes a second counts as lost. Use a Redis that is nearer."),
  ];
}

function viewChanges({ at, viewName, view }: RedisObservation, clusterUuid: string | undefined): readonly Change[] {
  if (view === undefined) return [];
  if (view.kind === "none") {
    const problem = `There is no view ${viewName} in ${at} yet.`;
    return [
      notice(
        "view",
        problem,
        "The first pool or coordinator of that name publishes one. Else check the name, and the `secret` of the view.",
      ),
    ];
  }
  if (clusterUuid !== undefined && view.clusterUuid !== undefined && view.clusterUuid !== clusterUuid) {
    const name = view.clusterName ?? "without a name";
    const problem = `The view ${viewName} is of another cluster than the configured nodes: ${name} (uuid ${view.clusterUuid}).`;
    return [fault("view-cluster", problem, "Use one name for one cluster: change `name`, or `nodes`.")];
  }
  if (view.freshness === "fresh") return [];
  const problem = `No process leads the view ${viewName}: its last beat was ${Math.round(view.ageMs / 1_000)} s ago.`;
  const remedy =
    "Start `rollcall coordinator`, or a pool that may lead; if one runs, its log says why it does not lead. rollcall status " +
    "shows which processes are there.";
  return [notice("view", problem, remedy)];
}
