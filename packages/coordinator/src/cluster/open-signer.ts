import { type Logger, logEvent, type Timers } from "@rollcall/core";
import type { ClusterConfig } from "@rollcall/core/config";
import { Signer } from "./signer.js";

/** What signs this process's requests, if they are to be signed. A module that cannot be used is logged. */
export function openSigner({ sign }: ClusterConfig, timers: Timers, logger: Logger): Signer | undefined {
  if (sign === undefined) return undefined;
  const signer = new Signer(sign, timers);
  void signer.loaded.then((problem) => {
    if (problem !== undefined) logEvent(logger, "sign.unusable", { problem }, `no request can be signed: ${problem}`);
  });
  return signer;
}
