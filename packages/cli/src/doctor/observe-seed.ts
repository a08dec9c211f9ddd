import {
  type ClusterAccess,
  type ConnectionExamination,
  type ControlClient,
  examineConnection,
  examineName,
  type NameExamination,
} from "@rollcall/coordinator";
import { present, type Timers } from "@rollcall/core";
import { securityOf } from "@rollcall/core/access";
import { type ClusterConfig, fixed, type Seed } from "@rollcall/core/config";
import { addressOf } from "@rollcall/core/view";
import { unlessStopped } from "../unless-stopped.js";
import type { SeedAnswers, SeedObservation } from "./observations.js";
import { readAnswers } from "./read-answers.js";

export interface SeedParts {
  readonly config: ClusterConfig;
  readonly access: Pick<ClusterAccess, "reach">;
  readonly controlClient: ControlClient;
  readonly timers: Timers;
  readonly wallNowMs: () => number;
  readonly stop: AbortSignal;
}

/**
 * Examines one seed: its name, a connection to each of its addresses, and what it answers. Behind a proxy, what it answers
 * alone: name and connections are the proxy's. Never rejects.
 */
export async function observeSeed(seed: Seed, parts: SeedParts): Promise<SeedObservation> {
  const { host, port, scheme, pathPrefix } = seed;
  const { config, access, stop } = parts;
  const reach = access.reach({ host, port });
  const endpoint = reach.kind === "endpoint" ? reach.endpoint : undefined;
  const tls = endpoint?.tls ?? seed.tls ?? config.tls ?? {};
  const answering = endpoint === undefined ? undefined : readAnswers(endpoint, parts);
  const isDirect = config.proxy === undefined;
  const name = isDirect ? await unlessStopped(examineName(host, fixed.lookupTimeoutMs, parts.timers), stop) : undefined;
  const addresses = addressesOf(name).slice(0, fixed.addressesTriedMax);
  const connections = await Promise.all(
    addresses.map((address) => {
      const target = { address, port, ...(scheme === "https" ? { tls: { host, config: tls } } : {}) };
      const limits = { ...parts, timeoutMs: fixed.connectTimeoutMs };
      return unlessStopped<ConnectionExamination>(examineConnection(target, limits), stop);
    }),
  );
  const answers = answering && (await unlessStopped<SeedAnswers>(answering, stop));
  return {
    ...{ url: `${scheme}://${addressOf(seed)}${pathPrefix}`, host, port, scheme, pathPrefix },
    hasCredential: config.sign !== undefined || endpoint?.headers.authorization !== undefined,
    hasAuthority: tls.ca !== undefined || tls.caFingerprint !== undefined,
    connections: connections.filter((one) => one !== undefined),
    ...present({ name, answers, unverified: securityOf(scheme, tls).unverified }),
  };
}

function addressesOf(name: NameExamination | undefined): readonly string[] {
  return name === undefined || name.kind === "failed" ? [] : name.addresses;
}
