import { type Cause, type Change, causes } from "./change.js";
import type { Observations } from "./observations.js";
import { addressChanges } from "./rules/address-rules.js";
import { certificateChanges } from "./rules/certificate-rules.js";
import { clockChanges } from "./rules/clock-rules.js";
import { clusterChanges } from "./rules/cluster-rules.js";
import { connectionChanges } from "./rules/connection-rules.js";
import { credentialChanges } from "./rules/credential-rules.js";
import { proxyChanges } from "./rules/proxy-rules.js";
import { redisChanges } from "./rules/redis-rules.js";

const rules: readonly ((observations: Observations) => readonly Change[])[] = [
  proxyChanges,
  connectionChanges,
  certificateChanges,
  credentialChanges,
  clusterChanges,
  addressChanges,
  redisChanges,
  clockChanges,
];

/**
 * What to change by these observations, the most likely cause first: faults before what is only worth a look, what stops
 * everything before what stops a part, and then in the order in which a request meets them.
 */
export function findChanges(observations: Observations): readonly Change[] {
  const rank = ({ isFault, stopsAll, cause }: Change) => [Number(!isFault), Number(!stopsAll), placeOf(cause)] as const;
  return rules
    .flatMap((rule) => rule(observations))
    .map((change) => ({ change, rank: rank(change) }))
    .sort(({ rank: a }, { rank: b }) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2])
    .map(({ change }) => change);
}

function placeOf(cause: Cause): number {
  return causes.indexOf(cause);
}
