import { Controller, Get, Inject, ServiceUnavailableException } from "@nestjs/common";
import type { NodeStatus, Pool } from "rollcall";
import { POOL } from "./rollcall.module.js";

type NodeHealth = Pick<NodeStatus, "address" | "state">;

@Controller("health")
export class HealthController {
  constructor(@Inject(POOL) private readonly pool: Pool) {}

  /** Healthy while one node is. A node in "slow-start" has just joined or come back, and takes requests. */
  @Get()
  health(): readonly NodeHealth[] {
    const nodes = this.pool.nodes().map(({ address, state }) => ({ address, state }));
    if (nodes.some(({ state }) => state === "healthy" || state === "slow-start")) return nodes;
    throw new ServiceUnavailableException(nodes);
  }
}
