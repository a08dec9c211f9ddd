import { compareVersions } from "@rollcall/core/view";
import type { Entry, LineEntry } from "./journal.js";

/** How often a process logs each event, from the beginning of the fault to the end of the drill. */
type Counts = Readonly<Record<string, number>>;

/** What the log of a drill says. An event that is named nowhere, and is none of the cluster's own life, is a finding. */
export interface ExpectedLog {
  /** Each process logs it at least once, and at most so often. */
  readonly each?: Counts;
  /** At least one process logs it, and each at most so often. */
  readonly some?: Counts;
  /** Each process logs it at most so often. */
  readonly may?: Counts;
}

export interface DrillTimes {
  readonly beganMs: number;
  readonly endedMs: number;
}

/** So long after its end, a fault is over for every process. */
export const healedWithinMs = 30_000;
/** Requests do not wait for Redis: a replica under load never answers none for so long. */
const silenceMaxMs = 5_000;

/** What happens to nodes meanwhile, which the drills make change, and what a busy machine makes of it. */
const ordinary =
  /^operation\.(?:drain|undrain)$|^node\.(?:unverified|in-use|joining|joined|full-share|leaving|gone|penalized|penalty-ended)$/;

/**
 * What is wrong with a journal, as sentences; empty if all is well:
 *
 * - every request was answered, and no replica stood still;
 * - the view in force at each replica never went back, in either document, and no epoch had two leaders;
 * - within 30 s after the end of the fault each replica had a view with a beat from after it, all of one leader;
 * - the log has the lines that are expected, and no more.
 */
export function judge(journal: readonly Entry[], times: DrillTimes, log: ExpectedLog): string[] {
  const during = journal.filter(({ atMs }) => atMs >= times.beganMs);
  const replicas = replicasOf(journal);
  return [
    ...replicas.flatMap((process) => judgeRequests(process, during, times.beganMs)),
    ...replicas.flatMap((process) => judgeOrder(process, journal)),
    ...judgeEpochs(journal),
    ...processesOf(journal).flatMap((process) => judgeExcess(process, during, log)),
    ...missing(journal, times, log),
  ];
}

/** What is not there yet, of that which must be there in time: a fresh view at each replica, and lines. */
export function missing(journal: readonly Entry[], times: DrillTimes, { each = {}, some = {} }: ExpectedLog): string[] {
  const during = journal.filter(({ atMs }) => atMs >= times.beganMs);
  const says = (event: string, process?: string) =>
    during.some(
      (entry) => entry.kind === "line" && entry.event === event && entry.process === (process ?? entry.process),
    );
  const silent = processesOf(journal).flatMap((process) =>
    Object.keys(each).flatMap((event) => (says(event, process) ? [] : [`${process}: does not log ${event}`])),
  );
  const away = processesOf(journal).filter((process) => lastOfRedis(journal, process)?.event === "redis.lost");
  const unsaid = Object.keys(some).flatMap((event) => (says(event) ? [] : [`no process logs ${event}`]));
  return [
    ...judgeFreshness(replicasOf(journal), during, times.endedMs),
    ...silent,
    ...unsaid,
    ...away.map((process) => `${process}: does not log that Redis is back`),
  ];
}

/** What processes log because of a fault, while it lasts. */
const ofFaults = ["redis.lost", "redis.unsubscribed", "lease.failed", "view.unpublished"];

/** What must be logged while the fault lasts, and is not since it began. */
export function unmet(journal: readonly Entry[], beganMs: number, { each = {}, some = {} }: ExpectedLog): string[] {
  const during = journal.filter(({ atMs }) => atMs >= beganMs);
  return ofFaults.flatMap((event) => {
    const met = during.filter((entry) => entry.kind === "line" && entry.event === event);
    const having = new Set(met.map(({ process }) => process));
    const lacking = event in each ? processesOf(journal).filter((process) => !having.has(process)) : [];
    return event in some && met.length === 0 ? [...lacking, "any"] : lacking;
  });
}

/** The last that a process has logged of Redis' absence. */
export function lastOfRedis(journal: readonly Entry[], process: string): LineEntry | undefined {
  return journal.findLast(
    (entry): entry is Entry & LineEntry =>
      entry.kind === "line" && entry.process === process && /^redis\.(?:lost|recovered)$/.test(entry.event),
  );
}

export const processesOf = (journal: readonly Entry[]) => [...new Set(journal.map(({ process }) => process))];
const replicasOf = (journal: readonly Entry[]) => processesOf(journal.filter(({ kind }) => kind !== "line"));

/** A line that counts: not one that happens anyway, nor one that is not logged by default. */
export function isTelling(entry: Entry): entry is Entry & { readonly kind: "line" } {
  return entry.kind === "line" && entry.level !== "debug" && !ordinary.test(entry.event);
}

type ViewEntry = Extract<Entry, { kind: "view" }>;
const viewsOf = (journal: readonly Entry[], process?: string) =>
  journal.filter((entry) => entry.kind === "view" && (process ?? entry.process) === entry.process) as ViewEntry[];

function judgeRequests(process: string, during: readonly Entry[], beganMs: number): string[] {
  const found: string[] = [];
  let answeredMs = beganMs;
  let lastMs = beganMs;
  let silenceMs = 0;
  for (const entry of during) {
    if (entry.process !== process || entry.kind === "line") continue;
    lastMs = entry.atMs;
    if (entry.kind !== "request") continue;
    if (entry.failure !== undefined) {
      found.push(`${process}: a request failed ${after(entry, beganMs)}: ${entry.failure}`);
      continue;
    }
    silenceMs = Math.max(silenceMs, entry.atMs - answeredMs);
    answeredMs = entry.atMs;
  }
  silenceMs = Math.max(silenceMs, lastMs - answeredMs);
  if (lastMs === beganMs) found.push(`${process}: no request was answered`);
  if (silenceMs > silenceMaxMs) found.push(`${process}: no request was answered for ${silenceMs} ms`);
  return found;
}

/** A view of its own, which an orphan has, is no part of the order. */
function judgeOrder(process: string, journal: readonly Entry[]): string[] {
  const shared = viewsOf(journal, process).filter(({ freshness }) => freshness !== "orphan");
  return shared.flatMap((view, at) => {
    const before = shared[at - 1];
    if (before === undefined) return [];
    return (["topology", "marks"] as const)
      .filter((what) => compareVersions(view[what], before[what]) < 0)
      .map((what) => `${process}: its ${what} went back, from ${shown(before[what])} to ${shown(view[what])}`);
  });
}

function judgeEpochs(journal: readonly Entry[]): string[] {
  const leaders = new Map<number, Set<string>>();
  for (const { topology, marks, freshness } of viewsOf(journal)) {
    if (freshness === "orphan") continue;
    for (const { epoch, leader } of [topology, marks])
      leaders.set(epoch, (leaders.get(epoch) ?? new Set()).add(leader));
  }
  return [...leaders]
    .filter(([, names]) => names.size > 1)
    .map(([epoch, names]) => `the epoch ${epoch} has the leaders ${[...names].join(" and ")}`);
}

function judgeFreshness(replicas: readonly string[], during: readonly Entry[], endedMs: number): string[] {
  const found = replicas.flatMap((process) => {
    const isHealed = viewsOf(during, process).some((view) => isFresh(view, endedMs));
    return isHealed ? [] : [`${process}: no fresh view within ${healedWithinMs / 1_000} s after the end of the fault`];
  });
  const last = replicas.map((process) => viewsOf(during, process).at(-1)?.topology);
  const leaders = new Set(last.map((version) => `${version?.epoch} ${version?.leader}`));
  if (leaders.size > 1) found.push(`in the end they follow different leaders: ${[...leaders].join(", ")}`);
  return found;
}

/** Whether this view, with a beat from after the end of the fault, came in time. */
function isFresh({ atMs, ageMs, freshness }: ViewEntry, endedMs: number): boolean {
  return freshness === "fresh" && atMs - ageMs >= endedMs && atMs <= endedMs + healedWithinMs;
}

function judgeExcess(process: string, during: readonly Entry[], { each = {}, some = {}, may = {} }: ExpectedLog) {
  const said = new Map<string, string[]>();
  for (const entry of during) {
    if (entry.process === process && isTelling(entry))
      said.set(entry.event, [...(said.get(entry.event) ?? []), entry.text]);
  }
  return [...said].flatMap(([event, texts]) => {
    const most = each[event] ?? some[event] ?? may[event] ?? 0;
    if (texts.length <= most) return [];
    const counts = [...new Set(texts)].map((text) => `"${text}" ${texts.filter((one) => one === text).length} times`);
    return [`${process}: logs ${event} more than ${most} times: ${counts.join(", ")}`];
  });
}

const after = ({ atMs }: Entry, beganMs: number) => `${((atMs - beganMs) / 1_000).toFixed(1)} s after the beginning`;
const shown = ({ epoch, leader, sequence }: { epoch: number; leader: string; sequence: number }) =>
  `${epoch}/${leader.slice(0, 8)}/${sequence}`;
