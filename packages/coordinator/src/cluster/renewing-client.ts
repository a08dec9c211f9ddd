import { type Timers, withDeadline } from "@rollcall/core";
import type { ClusterAccess } from "./access.js";
import type { ControlClient, ControlRequest, ControlResponse } from "./control-client.js";
import type { Endpoint } from "./endpoint.js";

/** A probe waits no longer for another credential: that its node answers is news, too. */
const renewedWithinMs = 3_000;

/** Sends what a node has answered with 401 once more, if there is another credential for it by then. */
export class RenewingClient implements ControlClient {
  /** `access`: that of the endpoints in use. */
  constructor(
    private readonly client: ControlClient,
    private readonly access: () => Pick<ClusterAccess, "renewed">,
    private readonly timers: Timers,
  ) {}

  async request(endpoint: Endpoint, request: ControlRequest): Promise<ControlResponse> {
    const response = await this.client.request(endpoint, request);
    if (response.kind === "failed" || response.status !== 401 || endpoint.renewable !== true) return response;
    const renewal = this.access().renewed(endpoint);
    const renewed = await withDeadline(renewal, renewedWithinMs, this.timers, () => undefined);
    return renewed === undefined ? response : this.client.request(renewed, request);
  }

  keepOnly(addresses: ReadonlySet<string>): void {
    this.client.keepOnly(addresses);
  }

  close(): Promise<void> {
    return this.client.close();
  }
}
