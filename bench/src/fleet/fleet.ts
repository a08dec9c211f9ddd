import { goalTable } from "../goals.js";
import type { Report } from "../report.js";
import { fanOut } from "./fan-out.js";
import { markLatency } from "./marks.js";
import { redisOutage } from "./outage.js";
import { sniffRates } from "./sniffs.js";
import { viewCosts } from "./view.js";

/**
 * What many processes with many threads cost when they share one view: how quickly a mark reaches the last thread, what
 * an outage of Redis does, what a view of a thousand nodes costs, and what the cluster is asked.
 */
export async function fleet({ quick }: { readonly quick: boolean }): Promise<Report> {
  const view = await viewCosts();
  const marks = await markLatency(quick ? 20 : 120);
  const many = await fanOut(quick ? 20 : 200);
  const outage = await redisOutage(quick ? 1 : 3);
  const sniffs = await sniffRates(quick ? 2_000 : 8_000);
  const findings = [...marks.findings, ...outage.findings, ...sniffs.findings];
  const body =
    "All processes are on one machine, with a Redis of their own. More processes than the machine has processors wait for each " +
    "other, which no fleet on machines of its own does.\n\n" +
    `## Goals\n\n${goalTable(findings)}\n${marks.section}${many}${outage.section}${sniffs.section}${view}`;
  return { title: "Fleet: many replicas and threads, one view", body };
}
