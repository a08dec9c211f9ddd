import type { ControlResponse } from "@rollcall/coordinator";

/** The JSON object that an answer with status 200 holds; undefined for anything else. */
export function parseObject(response: ControlResponse): Readonly<Record<string, unknown>> | undefined {
  if (response.kind !== "answered" || response.status !== 200) return undefined;
  try {
    const parsed: unknown = JSON.parse(response.body.toString("utf8"));
    const isObject = typeof parsed === "object" && parsed !== null && !Array.isArray(parsed);
    return isObject ? (parsed as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}
