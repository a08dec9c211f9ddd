// Forked by start.ts for each start: loads one client, as an application does, and searches once.
import { type StartedClient, type StartOrder, setup } from "./starters.js";

/** From the import of the client to its first answer. */
export interface StartCost {
  readonly ms: number;
  /** Of the whole process, its threads included. */
  readonly cpuMs: number;
}

async function measureStart(order: StartOrder): Promise<{ cost: StartCost; client: StartedClient }> {
  const [startedMs, startedCpu] = [performance.now(), process.cpuUsage()];
  const client = await setup(order);
  await client.search();
  const { user, system } = process.cpuUsage(startedCpu);
  return { cost: { ms: performance.now() - startedMs, cpuMs: (user + system) / 1_000 }, client };
}

process.once("message", (order: StartOrder) => {
  void measureStart(order).then(({ cost, client }) => {
    process.send?.(cost);
    process.once("disconnect", () => void client.close());
  });
});
