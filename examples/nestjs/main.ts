// A server with NestJS: searches by the official client, on a pool that a module opens and closes. PORT: where it listens
// (3000). Compile it, and run dist/main.js with the addresses of nodes:
//   npx tsc -p examples/nestjs && node examples/nestjs/dist/main.js http://127.0.0.1:9200
//   curl 'http://127.0.0.1:3000/search?q=error'     curl http://127.0.0.1:3000/health     Ctrl-C ends it
// Prints, at the start and at the end:
//   listening on 3000
//   closed after 1 searches
import "reflect-metadata";
import type { AddressInfo } from "node:net";
import { Module } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { HealthController } from "./health.controller.js";
import { RollcallModule } from "./rollcall.module.js";
import { SearchController } from "./search.controller.js";

@Module({
  imports: [RollcallModule.forRoot({ nodes: process.argv.slice(2), timeoutMs: 5_000 })],
  controllers: [SearchController, HealthController],
})
class AppModule {}

const app = await NestFactory.create(AppModule, { logger: ["error", "warn"] });
app.enableShutdownHooks();
await app.listen(Number(process.env.PORT ?? 3000));
const { port }: AddressInfo = app.getHttpServer().address();
console.log(`listening on ${port}`);
