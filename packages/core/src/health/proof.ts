import type { Random } from "../random.js";
import { equalJitter } from "./backoff.js";
import { type NodeEffect, type ProbeResult, reportOf } from "./node-probe.js";

const againMs = { baseMs: 1_000, capMs: 30_000 };

/**
 * Whether a process has proof that there is a node of the cluster at an address. Other clients of a shared store may
 * have written a view, so its word is none. Until there is proof, no request goes to the node, unless there is nothing
 * else.
 *
 *   none ── a view that vouches for it, a configured address, or an answer ──▶ given
 *     └──── another view ──▶ wanted ── due ──▶ asked ── reached ──▶ given
 *                              ▲                 │
 *                              └──── failed ─────┘
 */
export type Proof =
  | { readonly state: "none" | "given" }
  | { readonly state: "wanted"; readonly atMs: number; readonly failures: number; readonly reason: string }
  | { readonly state: "asked"; readonly failures: number; readonly reason: string };

const given: Proof = { state: "given" };

/** A view names the node. */
export function namedBy(proof: Proof, isVouched: boolean, nowMs: number): Proof {
  if (proof.state === "given" || isVouched) return given;
  return proof.state === "none" ? { state: "wanted", atMs: nowMs, failures: 0, reason: "has not answered yet" } : proof;
}

/** It is due. */
export function askForProof({ failures, reason }: Extract<Proof, { readonly state: "wanted" }>): Proof {
  return { state: "asked", failures, reason };
}

/** The node has answered this process, a probe or a request. */
export function answered(proof: Proof): Proof {
  return proof.state === "wanted" || proof.state === "asked" ? given : proof;
}

/** The probe has ended. Each failure makes the next one later, and is reported as that of a trial is. */
export function probedForProof(
  proof: Proof,
  result: ProbeResult,
  nowMs: number,
  random: Random,
): readonly [Proof, readonly NodeEffect[]] {
  if (result.kind === "reached" || proof.state !== "asked") return [answered(proof), []];
  const { reason } = result;
  const atMs = nowMs + equalJitter(againMs, proof.failures, random);
  return [{ state: "wanted", atMs, failures: proof.failures + 1, reason }, reportOf(result, reason)];
}
