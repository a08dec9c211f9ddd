import type { ControlClient, Endpoint } from "@rollcall/coordinator";
import { present } from "@rollcall/core";
import { fixed } from "@rollcall/core/config";
import { sanitizeForLog } from "@rollcall/core/sniff";
import { parseObject } from "../foreign-object.js";
import type { AccountObservation, SeedAnswers } from "./observations.js";

const maxBytes = 65_536;
const rolesMax = 20;
const elasticPath = "/_security/_authenticate";
const privilegesPath = `/_security/user/_has_privileges?source_content_type=application/json&source=${encodeURIComponent(
  JSON.stringify({ cluster: ["monitor"] }),
)}`;
const openSearchPath = "/_plugins/_security/api/account";

/**
 * Asks the cluster who the credential is, as each product can be asked by any user; undefined where security is off or
 * gives no answer. Never rejects.
 */
export async function observeAccount(
  endpoint: Endpoint,
  url: string,
  product: SeedAnswers["product"],
  controlClient: ControlClient,
): Promise<AccountObservation | undefined> {
  const ask = async (path: string) =>
    parseObject(
      await controlClient.request(endpoint, { path, timeoutMs: fixed.probeTimeoutMaxMs, maxBytes, fresh: false }),
    );
  if (product === "opensearch") {
    const account = await ask(openSearchPath);
    const user = textIn(account?.user_name);
    return user === undefined ? undefined : { url, user, roles: textsIn(account?.roles) };
  }
  if (product !== "elasticsearch") return undefined;
  const account = await ask(elasticPath);
  const user = textIn(account?.username);
  if (user === undefined) return undefined;
  const privileges = await ask(privilegesPath);
  const { monitor } = objectIn(privileges?.cluster);
  return {
    ...{ url, user, roles: textsIn(account?.roles) },
    ...present({ by: kindOf(account ?? {}), mayMonitor: typeof monitor === "boolean" ? monitor : undefined }),
  };
}

function kindOf(account: Readonly<Record<string, unknown>>): string | undefined {
  const key = textIn(objectIn(account.api_key).name);
  if (key !== undefined) return `API key ${key}`;
  const realm = textIn(objectIn(account.authentication_realm).name);
  return realm === undefined ? undefined : `realm ${realm}`;
}

function objectIn(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

function textIn(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? sanitizeForLog(value) : undefined;
}

function textsIn(value: unknown): readonly string[] {
  if (!Array.isArray(value)) return [];
  return value
    .slice(0, rolesMax)
    .map(textIn)
    .filter((text) => text !== undefined);
}
