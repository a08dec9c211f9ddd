import type { ControlClient, ControlResponse, Endpoint } from "@rollcall/coordinator";
import { present } from "@rollcall/core";
import { fixed } from "@rollcall/core/config";
import { parseObject } from "../foreign-object.js";
import type { HttpOutcome, SeedAnswers } from "./observations.js";

export interface AnswerParts {
  readonly controlClient: ControlClient;
  readonly wallNowMs: () => number;
}

const maxBytes = 65_536;
const localPath = "/_nodes/_local/http?filter_path=nodes.*.name";
/** `[{"epoch":"1795892957"}]`: in seconds. */
const healthPath = "/_cat/health?h=epoch&format=json";
/** An address that leads to one node gives the same id each time; behind a load balancer they differ. */
const asksForId = 3;

/** Sends `GET /`, and asks which node answers: each on a connection of its own. Never rejects. */
export async function readAnswers(endpoint: Endpoint, { controlClient, wallNowMs }: AnswerParts): Promise<SeedAnswers> {
  const ask = (path: string) =>
    controlClient.request(endpoint, { path, timeoutMs: fixed.probeTimeoutMaxMs, maxBytes, fresh: true });
  const root = await ask("/");
  const clockAheadMs = clockOf(root, wallNowMs());
  const known = { root: outcomeOf(root), ...present({ product: productOf(root), clockAheadMs }) };
  if (root.kind !== "answered" || root.status !== 200) return { ...known, nodeIds: [] };
  // The engines send no Date; a proxy before them does.
  const itsClock = clockAheadMs ?? clockInHealth(await ask(healthPath), wallNowMs());

  const nodeIds: string[] = [];
  let local: ControlResponse | undefined;
  for (let asked = 0; asked < asksForId; asked++) {
    const answer = await ask(localPath);
    local ??= answer;
    const id = nodeIdIn(answer);
    if (id === undefined) break;
    nodeIds.push(id);
  }
  return { ...known, nodeIds, ...present({ local: local && outcomeOf(local), clockAheadMs: itsClock }) };
}

function outcomeOf(response: ControlResponse): HttpOutcome {
  if (response.kind === "answered") return { kind: "answered", status: response.status };
  return { kind: "failed", code: response.code, reason: response.reason };
}

function productOf(root: ControlResponse): SeedAnswers["product"] {
  const { version, tagline } = parseObject(root) ?? {};
  const distribution = typeof version === "object" && version !== null && "distribution" in version;
  if (distribution) return "opensearch";
  return tagline === "You Know, for Search" ? "elasticsearch" : undefined;
}

/** The one node that `_local` names. */
function nodeIdIn(answer: ControlResponse): string | undefined {
  const { nodes } = parseObject(answer) ?? {};
  const ids = typeof nodes === "object" && nodes !== null ? Object.keys(nodes) : [];
  const [id = ""] = ids;
  return ids.length === 1 && /^[\w-]{1,64}$/.test(id) ? id : undefined;
}

function clockOf(answer: ControlResponse, nowMs: number): number | undefined {
  const theirsMs = answer.kind === "answered" && answer.date !== undefined ? Date.parse(answer.date) : Number.NaN;
  return Number.isNaN(theirsMs) ? undefined : theirsMs - nowMs;
}

function clockInHealth(answer: ControlResponse, nowMs: number): number | undefined {
  const text = answer.kind === "answered" && answer.status === 200 ? answer.body.toString("latin1") : "";
  const [, epoch] = /"epoch"\s*:\s*"?(\d{9,11})"?/.exec(text) ?? [];
  return epoch === undefined ? undefined : Number(epoch) * 1_000 - nowMs;
}
