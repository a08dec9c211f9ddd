import { jsonText } from "../json-text.js";
import type { Bundle } from "./make-bundle.js";
import { mapTexts } from "./map-texts.js";
import { redactAddresses } from "./redact-addresses.js";

/**
 * The text of the file. Secrets should not be in it: those that are, as in an error text of a library, are replaced.
 *
 * @param secrets of the configuration, the longest first
 */
export function bundleText(bundle: Bundle, secrets: readonly string[], hidesAddresses: boolean): string {
  const withoutSecrets = mapTexts(bundle, (text) => {
    return secrets.reduce((shown, secret) => shown.replaceAll(secret, "[redacted]"), text);
  });
  return jsonText(hidesAddresses ? redactAddresses(withoutSecrets) : withoutSecrets);
}
