import { type DynamicModule, Global, Inject, Module, type OnApplicationShutdown } from "@nestjs/common";
import { Client } from "@opensearch-project/opensearch";
import { createPool, type Pool, type PoolOptions } from "rollcall";
import { onRollcall } from "rollcall/opensearch";

/** `@Inject(POOL) pool: Pool`. The official client is injected by its class. */
export const POOL = Symbol("rollcall pool");

/**
 * One pool for the application: opened when it starts, closed when its HTTP server has answered the last request.
 * `app.enableShutdownHooks()` makes Nest call this module at a signal.
 */
@Global()
@Module({})
export class RollcallModule implements OnApplicationShutdown {
  constructor(@Inject(POOL) private readonly pool: Pool) {}

  static forRoot(options: PoolOptions): DynamicModule {
    return {
      module: RollcallModule,
      providers: [
        { provide: POOL, useFactory: () => createPool(options) },
        { provide: Client, useFactory: (pool: Pool) => new Client(onRollcall(pool)), inject: [POOL] },
      ],
      exports: [POOL, Client],
    };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.pool.close();
    console.log(`closed after ${this.pool.stats().requests} searches`);
  }
}
