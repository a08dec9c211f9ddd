import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { errorCodeOf, type Timers, withDeadline } from "@rollcall/core";

/** What the resolver gives for a host, as every connection asks it. "number": the host is an address itself. */
export type NameExamination =
  | { readonly kind: "number"; readonly addresses: readonly string[] }
  | { readonly kind: "resolved"; readonly addresses: readonly string[]; readonly tookMs: number }
  /** `code` as `dns.lookup` gives it; `ETIMEOUT` where it gave nothing in time. */
  | { readonly kind: "failed"; readonly code: string; readonly tookMs: number };

/** Looks a host up once, past every cache. Never rejects. */
export async function examineName(host: string, limitMs: number, timers: Timers): Promise<NameExamination> {
  if (isIP(host) !== 0) return { kind: "number", addresses: [host] };
  const beganMs = timers.nowMs();
  const tookMs = () => Math.ceil(timers.nowMs() - beganMs);
  const failed = (code: string): NameExamination => ({ kind: "failed", code, tookMs: tookMs() });
  const looking = lookup(host, { all: true }).then(
    (found): NameExamination => {
      return { kind: "resolved", addresses: [...new Set(found.map(({ address }) => address))], tookMs: tookMs() };
    },
    (error: unknown) => failed(errorCodeOf(error) ?? "ENOTFOUND"),
  );
  return withDeadline(looking, limitMs, timers, () => failed("ETIMEOUT"));
}
